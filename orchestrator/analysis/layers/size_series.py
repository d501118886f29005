"""Which computations differ in size alone: the series of Figure 4."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from orchestrator.analysis.observations.labels import label_of

SIZES = frozenset({"size", "height", "width"})
"""Arguments of a model that make it larger and nothing else."""


def series_of(records: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The series by workload label: the model's name and its arguments but for the size.

    Workloads of one series lie on one line of the figure, e.g. ``conv filters=3 kernel=2``.
    """
    found: dict[str, str] = {}
    for record in records:
        workload = record["workload"]
        label = label_of(workload)
        if label not in found:
            arguments = workload.get("arguments") or {}
            words = [f"{name}={arguments[name]}" for name in sorted(arguments.keys() - SIZES)]
            found[label] = " ".join([str(workload.get("name") or label), *words])
    return found
