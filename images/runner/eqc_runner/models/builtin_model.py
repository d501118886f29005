"""A builtin model as adapters use it: graph, weights, and the facts about both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, NamedTuple

from eqc_runner.adapters.protocol import ModelFacts
from eqc_runner.failures import Unsupported
from eqc_runner.models.builtin import build
from eqc_runner.models.graph import LIBRARY
from eqc_runner.models.weights import weights_digest, weights_of

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from eqc_runner.models.graph import Graph


class BuiltinModel(NamedTuple):
    """A graph with its weights, float32 by name."""

    graph: Graph
    weights: dict[str, np.ndarray]
    facts: ModelFacts
    """``weights`` is the digest before any cast, so it is the same in every framework."""


def builtin_model(
    workload: Mapping[str, Any], job_dir: Path, *, every_form: bool = False
) -> BuiltinModel:
    """The model of a cell whose ``source`` is ``builtin``. Raises ``Failed`` for any other.

    Without ``every_form``, what a framework has no choice of is refused: ``Unsupported``.
    """
    graph = build(workload["name"], workload.get("arguments") or {})
    for layer in graph.layers:
        if layer.form != LIBRARY and not every_form:
            raise Unsupported(
                "unsupported-operator",
                f"{layer.operation} as '{layer.form}' is computed by numpy alone: other frameworks "
                f"have their library's own way ({LIBRARY})",
            )
    weights = weights_of(graph, workload, job_dir)
    digest = weights_digest(weights.values())
    return BuiltinModel(graph, weights, ModelFacts(graph.parameters, graph.multiplications, digest))
