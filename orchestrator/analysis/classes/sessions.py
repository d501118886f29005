"""The sessions behind the classes: non-determinism, how outputs were made, and what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from operator import attrgetter

import numpy as np

from orchestrator.analysis.classes.precision import remaining_precision
from orchestrator.analysis.observations.session_row import SessionRow
from orchestrator.analysis.observations.table import KEYS, Observations
from orchestrator.analysis.observations.tally import Tally, tally
from orchestrator.model.experiment import Status
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


_Text = str | None
_Way = tuple[_Text, _Text, _Text, _Text, _Text, _Text]
_way: Callable[[SessionRow], _Way] = attrgetter(
    "framework", "version", "device", "isa", "threads", "mode"
)


def measurements(observations: Observations) -> tuple[Measurement, ...]:
    """One row per variant and way of measuring, with the platforms it applies to."""
    variants, platforms = observations.keys["variant"], observations.keys["platform"]
    # The frame of sessions would give the same, in three times the time.
    sessions = Counter(
        (variant, way, platform)
        for variant, way, platform, row in zip(
            variants.codes.tolist(),
            map(_way, observations.rows),
            platforms.codes.tolist(),
            observations.rows,
            strict=True,
        )
        if row.status == Status.OK
    )
    found: dict[tuple[int, _Way], dict[int, int]] = {}
    for (variant, way, platform), count in sessions.items():
        found.setdefault((variant, way), {})[platform] = count
    return tuple(
        Measurement(
            variants.names[variant],
            *way,
            tuple(platforms.names[platform] for platform in sorted(counts)),
            sum(counts.values()),
        )
        for (variant, way), counts in found.items()
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
    rows = observations.rows
    columns = [observations.keys[key] for key in KEYS]
    sessions = Counter(
        zip(
            *(column.codes.tolist() for column in columns),
            ((row.status, row.reason) for row in rows),
            strict=True,
        )
    )
    found: dict[Computation, dict[str, tuple[str, str]]] = {}
    bad: dict[tuple[Computation, str], Counter[tuple[str, str]]] = {}
    for (*codes, (status, reason)), count in sessions.items():
        platform, *labels = (
            column.names[code] for column, code in zip(columns, codes, strict=True)
        )
        workload, given, variant = labels
        computation = (workload, given, variant)
        platforms = found.setdefault(computation, {})
        if status == Status.OK:
            platforms[platform] = ("missing", "ended well, but gave no output of this name")
        else:
            told = (str(status), "no reason given" if reason is None else reason)
            bad.setdefault((computation, platform), Counter())[told] += count
    for (computation, platform), reasons in bad.items():
        found[computation].setdefault(platform, _told(reasons))
    tried = {row.cell for row in rows}
    for asked in planned:
        if asked.cell in tried:
            continue
        computation = (asked.workload, asked.input, asked.variant)
        platforms = found.setdefault(computation, {})
        platforms.setdefault(asked.platform, (asked.status, asked.reason))
    return found


def _told(reasons: Counter[tuple[str, str]]) -> tuple[str, str]:
    return min(reasons, key=lambda told: (told[0] == NOT_AVAILABLE, -reasons[told], told))
