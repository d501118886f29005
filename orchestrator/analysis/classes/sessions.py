"""Non-determinism: the set of distinct outputs of each cell, with counts."""

from __future__ import annotations

import numpy as np

from orchestrator.analysis.classes.precision import remaining_precision
from orchestrator.analysis.observations.table import Observations
from orchestrator.analysis.observations.tally import Tally, tally
from orchestrator.results.partitions import Determinism, Variation


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
