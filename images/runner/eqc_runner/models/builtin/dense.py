"""One dense layer: the smallest model whose sums are long."""

from __future__ import annotations

from eqc_runner.models.arguments import Arguments
from eqc_runner.models.builder import GraphBuilder
from eqc_runner.models.graph import Graph


def dense(arguments: Arguments) -> Graph:
    """1 x 1 x inputs to units, with a bias. Arguments: ``inputs``, ``units``.

    ``inputs * units`` multiplications.
    """
    inputs = arguments.count("inputs", 1024)
    units = arguments.count("units", 10)
    model = GraphBuilder("dense", (1, 1, inputs), "glorot_uniform")
    model.flatten("flatten")
    model.dense("dense", units)
    return model.graph()
