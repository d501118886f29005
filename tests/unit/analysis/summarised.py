"""The summary of records in the order they are given in, whatever their hardware."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from orchestrator.analysis.findings import Findings
from orchestrator.results.fingerprint import Fingerprint
from orchestrator.results.partitions import Planned, Summary
from orchestrator.results.record import Observation


def summarise(
    records: Iterable[Observation],
    planned: Iterable[Planned] = (),
    fingerprints: Mapping[str, Fingerprint] | None = None,
    *,
    strict: bool = False,
    order: Sequence[str] = (),
) -> Summary:
    """``order`` names platforms that come first."""
    found = Findings(tuple(records), fingerprints or {}, tuple(planned), strict=strict)
    found.__dict__["order"] = tuple(order)
    return found.summary
