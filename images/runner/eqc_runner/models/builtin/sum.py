"""The sum of many numbers, in one of many orders."""

from __future__ import annotations

from eqc_runner.models.arguments import Arguments
from eqc_runner.models.builder import GraphBuilder
from eqc_runner.models.graph import Graph

SUM_FORMS = (
    *("library", "sequential", "backwards", "by-magnitude", "neighbours", "halves"),
    *("lanes-4", "lanes-8", "lanes-16", "lanes-32"),
    *(f"threads-{count}-lanes-{width}" for count in (2, 4, 8) for width in (4, 8, 16)),
    *("kahan", "neumaier", "float64", "reproducible", "exact"),
)
"""Those of ``adapters/numpy_sums.py``; other frameworks have their library's alone."""


def sum_of_terms(arguments: Arguments) -> Graph:
    """1 x 1 x terms to one number. Arguments: ``terms``, ``order``."""
    model = GraphBuilder("sum", (1, 1, arguments.count("terms", 4096)))
    model.flatten("flatten")
    model.reduction("sum", "sum", arguments.choice("order", SUM_FORMS))
    return model.graph()
