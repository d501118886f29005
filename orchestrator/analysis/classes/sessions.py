"""The sessions behind the classes: non-determinism, how outputs were made, and what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np

from orchestrator.analysis.classes.precision import remaining_precision
from orchestrator.analysis.observations.table import Observations
from orchestrator.analysis.observations.tally import Tally, tally
from orchestrator.results.partitions import (
    NOT_AVAILABLE,
    Determinism,
    Measurement,
    Planned,
    Variation,
)


def determinism(observations: Observations, role: str = "final") -> Determinism:
    """Which (cell, output) pairs vary between sessions, of how many that can be judged."""
    counted = tally(observations, role)
    starts = _cells(counted)
    sessions = np.add.reduceat(counted.sessions, starts) if starts.size else starts
    ends = np.append(starts[1:], counted.platform.size)
    varying = np.flatnonzero(ends - starts > 1)
    variations = tuple(
        _variation(observations, counted, slice(int(starts[cell]), int(ends[cell])))
        for cell in varying
    )
    return Determinism(int(starts.size), int((sessions > 1).sum()), variations)


def _cells(counted: Tally) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Where each (partition, platform) starts."""
    new = np.ones(counted.platform.size, dtype=bool)
    new[1:] = (np.diff(counted.partition) != 0) | (np.diff(counted.platform) != 0)
    return np.flatnonzero(new).astype(np.int64)


def _variation(observations: Observations, counted: Tally, rows: slice) -> Variation:
    table, chains = observations.table, observations.chains
    keys = counted.keys.iloc[int(counted.partition[rows.start])]
    digests, sessions = counted.digest[rows], counted.sessions[rows]
    outputs = [
        (chains.digests[digest][:12], count)
        for digest, count in zip(digests.tolist(), sessions.tolist(), strict=True)
    ]
    workload, given, variant, output = (
        str(table[part].cat.categories[int(keys[part])])
        for part in ("workload", "input", "variant", "output")
    )
    return Variation(
        str(table["platform"].cat.categories[int(counted.platform[rows.start])]),
        workload,
        given,
        variant,
        output,
        tuple(sorted(outputs, key=lambda output: (-output[1], output[0]))),
        remaining_precision(chains, digests),
    )


_COLUMNS = ["variant", "framework", "version", "device", "isa", "threads", "mode"]


def measurements(observations: Observations) -> tuple[Measurement, ...]:
    """One row per variant and way of measuring, with the platforms it applies to."""
    sessions = observations.sessions
    good = sessions[sessions["status"] == "ok"]
    order = {name: row for row, name in enumerate(sessions["platform"].cat.categories)}
    found: dict[tuple[str | None, ...], dict[str, int]] = {}
    columns = [good[column].tolist() for column in [*_COLUMNS, "platform"]]
    for *values, platform in zip(*columns, strict=True):
        key = tuple(value if isinstance(value, str) else None for value in values)
        counts = found.setdefault(key, {})
        counts[platform] = counts.get(platform, 0) + 1
    return tuple(
        _measurement(key, tuple(sorted(counts, key=order.__getitem__)), sum(counts.values()))
        for key, counts in found.items()
    )


def _measurement(
    key: tuple[str | None, ...], platforms: tuple[str, ...], sessions: int
) -> Measurement:
    variant, framework, version, device, isa, threads, mode = key
    return Measurement(
        str(variant), framework, version, device, isa, threads, mode, platforms, sessions
    )


Computation = tuple[str, str, str]
"""(workload, input, variant), by label."""


def missing_platforms(
    observations: Observations, planned: Iterable[Planned] = ()
) -> dict[Computation, dict[str, tuple[str, str]]]:
    """(status, reason) by computation and platform, for all that were asked for or tried.

    Platforms that have outputs are listed too, with what to say should they lack one output:
    the caller knows which outputs there are. A platform with a good session is not excused by
    a bad one. Of several reasons the most frequent is told, whatever their order; what may yet be
    had counts before what cannot. Every computation seen or planned is a key.
    """
    sessions = observations.sessions
    found: dict[Computation, dict[str, tuple[str, str]]] = {}
    bad: dict[tuple[Computation, str], Counter[tuple[str, str]]] = {}
    cells: dict[str, tuple[str, Computation]] = {}
    columns = ["platform", "workload", "input", "variant", "cell", "status", "reason"]
    for platform, workload, given, variant, cell, status, reason in zip(
        *(sessions[column].tolist() for column in columns), strict=True
    ):
        computation = (workload, given, variant)
        cells[cell] = (platform, computation)
        platforms = found.setdefault(computation, {})
        if status == "ok":
            platforms[platform] = ("missing", "ended well, but gave no output of this name")
        else:
            told = (status, reason if isinstance(reason, str) else "no reason given")
            bad.setdefault((computation, platform), Counter())[told] += 1
    for (computation, platform), reasons in bad.items():
        found[computation].setdefault(platform, _told(reasons))
    for asked in planned:
        if asked.cell in cells:
            continue
        computation = (asked.workload, asked.input, asked.variant)
        platforms = found.setdefault(computation, {})
        platforms.setdefault(asked.platform, (asked.status, asked.reason))
    return found


def _told(reasons: Counter[tuple[str, str]]) -> tuple[str, str]:
    return min(reasons, key=lambda told: (told[0] == NOT_AVAILABLE, -reasons[told], told))
