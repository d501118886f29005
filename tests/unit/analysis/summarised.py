"""The summary of records in the order they are given in, whatever their hardware."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from orchestrator.analysis.findings import Findings
from orchestrator.results.partitions import Planned, Summary


def summarise(
    records: Iterable[Mapping[str, Any]],
    planned: Iterable[Planned] = (),
    fingerprints: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    strict: bool = False,
    order: Sequence[str] = (),
) -> Summary:
    """``order`` names platforms that come first."""
    found = Findings(tuple(records), fingerprints or {}, tuple(planned), strict=strict)
    found.__dict__["order"] = tuple(order)
    return found.summary
