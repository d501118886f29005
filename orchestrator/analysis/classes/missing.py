"""Platforms without a usable observation, and why: planned, tried, failed, or silent."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.analysis.observations.table import Observations
from orchestrator.results.partitions import Planned

Computation = tuple[str, str, str]
"""(workload, input, variant), by label."""


def missing_platforms(
    observations: Observations, planned: Iterable[Planned] = ()
) -> dict[Computation, dict[str, tuple[str, str]]]:
    """(status, reason) by computation and platform, for all that were asked for or tried.

    Platforms that have outputs are listed too, with what to say should they lack one output:
    the caller knows which outputs there are. A platform with a good session is not excused by
    a bad one. Every computation seen or planned is a key.
    """
    sessions = observations.sessions
    found: dict[Computation, dict[str, tuple[str, str]]] = {}
    good: set[tuple[Computation, str]] = set()
    cells: dict[str, tuple[str, Computation]] = {}
    columns = ["platform", "workload", "input", "variant", "cell", "status", "reason"]
    for platform, workload, given, variant, cell, status, reason in zip(
        *(sessions[column].tolist() for column in columns), strict=True
    ):
        computation = (workload, given, variant)
        cells[cell] = (platform, computation)
        platforms = found.setdefault(computation, {})
        if status == "ok":
            good.add((computation, platform))
            platforms[platform] = ("missing", "ended well, but gave no output of this name")
        elif (computation, platform) not in good:
            platforms[platform] = (status, reason if isinstance(reason, str) else "no reason given")
    for asked in planned:
        if asked.cell in cells:
            continue
        computation = (asked.workload, asked.input, asked.variant)
        platforms = found.setdefault(computation, {})
        platforms.setdefault(asked.platform, (asked.status, asked.reason))
    return found
