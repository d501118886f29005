"""What was asked for, as the analysis takes it from a store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from orchestrator.analysis.observations.labels import label_of
from orchestrator.results.partitions import Planned

Reasons = Mapping[str, tuple[str, str]]
"""(status, reason) by cell id, where it is known why a cell was not computed."""


def planned_of_store(
    rows: Iterable[Mapping[str, Any]], reasons: Reasons | None = None
) -> tuple[Planned, ...]:
    """The planned cells that a store holds: rows with ``cell`` and a record's four parts."""
    return tuple(
        Planned(
            row["cell"],
            label_of(row["platform"]),
            label_of(row["workload"]),
            label_of(row["input"]),
            label_of(row["variant"]),
            *_reason(row["cell"], reasons),
        )
        for row in rows
    )


def _reason(cell: str, reasons: Reasons | None) -> tuple[str, str]:
    return (reasons or {}).get(cell, ("missing", "not observed"))
