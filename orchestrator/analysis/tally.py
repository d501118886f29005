"""How often each platform gave each output, and the output it stands by."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from orchestrator.analysis.table import Observations

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Tally:
    """Rows sorted by partition (workload, variant, input, output), then by platform.

    ``keys``: one row per partition: the codes ``workload variant input output`` and the
    layer's ``index`` (0 for final outputs).
    The arrays have one entry per (partition, platform, distinct output): ``partition`` (row of
    ``keys``), ``platform`` and ``digest`` codes, ``sessions`` (how many gave it) and ``stands``
    (whether the platform stands by it: its most frequent output, ties to the smallest digest).
    """

    keys: pd.DataFrame
    partition: Ints
    platform: Ints
    digest: Ints
    sessions: Ints
    stands: npt.NDArray[np.bool_]

    def slices(self) -> list[slice]:
        """The rows of each partition, in the order of ``keys``."""
        ends = np.searchsorted(self.partition, np.arange(len(self.keys) + 1))
        return [slice(int(a), int(b)) for a, b in pairwise(ends)]


def tally(observations: Observations, role: str = "final") -> Tally:
    """Count the outputs of ``role`` (``final`` or ``layer``) over all sessions that ended well.

    One session that gives the same output name twice counts each.
    """
    table = observations.table
    rows = table[(table["role"] == role).to_numpy() & (table["status"] == "ok").to_numpy()]
    if role == "final":
        # A final output is known by its name alone; a layer by index and name, in this order,
        # since frameworks reuse names and a profile follows the computation.
        rows = rows.assign(index=0)
    parts = ("workload", "variant", "input", "index", "output")
    sizes = [_size(rows[part]) for part in parts]
    key = np.zeros(len(rows), dtype=np.int64)
    for part, size in zip(parts, sizes, strict=True):
        key = key * size + _codes(rows[part])
    values, partition = np.unique(key, return_inverse=True)
    keys = pd.DataFrame(index=range(len(values)))
    for part, size in zip(reversed(parts), reversed(sizes), strict=True):
        keys[part] = values % size
        values = values // size
    platform = _codes(rows["platform"])
    digest = rows["digest"].to_numpy(dtype=np.int64)
    return Tally(keys, *_counted(partition, platform, digest, observations.chains.ranks()))


def _counted(
    partition: Ints, platform: Ints, digest: Ints, ranks: Ints
) -> tuple[Ints, Ints, Ints, Ints, npt.NDArray[np.bool_]]:
    rank = ranks[digest]
    order = np.lexsort((rank, platform, partition))
    partition, platform, digest = partition[order], platform[order], digest[order]
    rank = rank[order]
    starts = _starts(partition, platform, digest)
    sessions = np.diff(np.append(starts, order.size))
    partition, platform, digest = partition[starts], platform[starts], digest[starts]
    best = np.lexsort((rank[starts], -sessions, platform, partition))
    stands = np.zeros(starts.size, dtype=bool)
    stands[best[_starts(partition[best], platform[best])]] = True
    return partition, platform, digest, sessions, stands


def _starts(*columns: Ints) -> Ints:
    """Positions where sorted rows differ from the row before."""
    if columns[0].size == 0:
        return np.empty(0, dtype=np.int64)
    new = np.zeros(columns[0].size, dtype=bool)
    new[0] = True
    for column in columns:
        new[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(new).astype(np.int64)


def _codes(column: pd.Series[Any]) -> Ints:
    coded = column.cat.codes if isinstance(column.dtype, pd.CategoricalDtype) else column
    return np.asarray(coded, dtype=np.int64)


def _size(column: pd.Series[Any]) -> int:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return max(len(column.cat.categories), 1)
    return int(column.max()) + 1 if len(column) else 1
