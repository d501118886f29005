"""Precision chains of all distinct outputs, side by side in one matrix.

A chain depends on the output's content alone, so it is kept once per distinct digest: a fleet
of 10,000 platforms in 16 classes costs 16 chains an output, not 10,000.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from orchestrator.results.outputs import OutputPool, Outputs

Codes = Sequence[int] | npt.NDArray[np.integer[Any]]


@dataclass(frozen=True, eq=False)
class Chains:
    """Distinct outputs, addressed by their position ("code") in ``digests``."""

    digests: tuple[str, ...]
    types: tuple[str, ...]
    """Of each output, e.g. ``float32[1,10]``."""
    values: npt.NDArray[np.uint64]
    """(outputs, longest chain): row ``i`` holds D0…Dm of output ``i``, then zeros."""
    bits: npt.NDArray[np.int16]
    """(outputs,): m of each, -1 where there is no chain."""

    def ranks(self) -> npt.NDArray[np.int64]:
        """(outputs,): position of each digest in the order of the hex digits."""
        ranks = np.empty(len(self.digests), dtype=np.int64)
        # NumPy sorts texts of 64 characters ten times more slowly than Python.
        ranks[sorted(range(len(self.digests)), key=self.digests.__getitem__)] = np.arange(
            len(self.digests)
        )
        return ranks


@dataclass
class ChainCollector:
    """Collects outputs record by record, then gives the matrix."""

    codes: dict[str, int] = field(default_factory=dict)
    types: list[str] = field(default_factory=list)
    chains: list[bytes | None] = field(default_factory=list)
    """The links of each, 8 bytes each."""
    ends: list[bytes | None] = field(default_factory=list)
    """The last link of each: what repetitions are compared with."""
    conflicts: list[str] = field(default_factory=list)
    """Digests that came with two different chains: the records are damaged."""
    pools: dict[OutputPool, npt.NDArray[np.int64]] = field(default_factory=dict)
    """The code of each content of a pool; -1 for one that was not met yet."""

    def add_all(self, outputs: Outputs) -> npt.NDArray[np.int64]:
        """The codes of a record's ``outputs``, in order."""
        pool = outputs.pool
        codes = self.pools.get(pool)
        if codes is None:
            codes = self.pools[pool] = np.full(len(pool.contents), -1, dtype=np.int64)
        found = codes[outputs.contents]
        if (found < 0).any():
            for content in outputs.contents[found < 0].tolist():
                codes[content] = self._add_content(*pool.contents[content])
            found = codes[outputs.contents]
        return found

    def _add_content(
        self, digest: str, dtype: str, shape: Sequence[int], links: bytes | None
    ) -> int:
        code = self.codes.get(digest)
        if code is None:
            return self._new(digest, dtype, shape, links)
        if links and _end(links) != self.ends[code]:
            # Only the ends are compared: Dm covers every bit of the output.
            self._differs(code, digest, links)
        return code

    def _new(self, digest: str, dtype: str, shape: Sequence[int], links: bytes | None) -> int:
        code = self.codes[digest] = len(self.types)
        self.types.append(_type(dtype, tuple(shape)))
        self.chains.append(links or None)
        self.ends.append(_end(links) if links else None)
        return code

    def finish(self) -> Chains:
        """The matrix of everything added so far."""
        lengths = np.array([len(links or b"") // 8 for links in self.chains], dtype=np.int64)
        values = np.zeros((lengths.size, lengths.max(initial=0)), dtype=np.uint64)
        for length in np.unique(lengths[lengths > 0]).tolist():
            rows = np.flatnonzero(lengths == length)
            together = b"".join(self.chains[row] or b"" for row in rows.tolist())
            values[rows, :length] = np.frombuffer(together, dtype=">u8").reshape(-1, length)
        bits = (lengths - 1).astype(np.int16)
        return Chains(tuple(self.codes), tuple(self.types), values, bits)

    def _differs(self, code: int, digest: str, links: bytes) -> None:
        if self.chains[code] is None:
            self.chains[code] = links
            self.ends[code] = _end(links)
        else:
            self.conflicts.append(digest)


@cache
def _type(dtype: str, shape: tuple[int, ...]) -> str:
    return f"{dtype}[{','.join(map(str, shape))}]"


def _end(links: bytes) -> bytes:
    """The last link."""
    return links[-8:]
