"""Precision chains of all distinct outputs, side by side in one matrix.

A chain depends on the output's content alone, so it is kept once per distinct digest: a fleet
of 10,000 platforms in 16 classes costs 16 chains an output, not 10,000.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from orchestrator.results.outputs import OutputPool, Outputs, links_of

Codes = Sequence[int] | npt.NDArray[np.integer[Any]]


_DIGEST, _CHAIN = itemgetter("digest"), itemgetter("chain")


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
    ends: list[str | None] = field(default_factory=list)
    """The last link of each, as text: what repetitions are compared with."""
    conflicts: list[str] = field(default_factory=list)
    """Digests that came with two different chains: the records are damaged."""
    pools: dict[OutputPool, npt.NDArray[np.int64]] = field(default_factory=dict)
    """The code of each content of a pool; -1 for one that was not met yet."""

    def add(self, output: Mapping[str, Any]) -> int:
        """The code of one entry of a record's ``outputs``."""
        digest = output["digest"]
        code = self.codes.get(digest)
        chain = output.get("chain")
        if code is None:
            return self._new(digest, output["dtype"], output["shape"], links_of(chain))
        if chain and chain[-1] != self.ends[code]:
            # Only the ends are compared: parsing a whole chain once per row would cost more
            # than all the rest of reading, and Dm covers every bit of the output.
            self._differs(code, digest, links_of(chain))
        return code

    def add_all(self, outputs: Sequence[Mapping[str, Any]]) -> Codes:
        """The codes of a record's ``outputs``, in order."""
        if isinstance(outputs, Outputs):
            return self._add_pooled(outputs)
        # Millions of outputs repeat a few known digests: those take no Python call each.
        codes = list(map(self.codes.get, map(_DIGEST, outputs)))
        if None in codes:
            return [self.add(output) for output in outputs]
        known = [code for code in codes if code is not None]
        ends = self.ends
        for code, chain in zip(known, map(_CHAIN, outputs), strict=True):
            if chain and chain[-1] != ends[code]:
                self._differs(code, self._digest(code), links_of(chain))
        return known

    def _add_pooled(self, outputs: Outputs) -> Codes:
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
            self._differs(code, digest, links)
        return code

    def _new(self, digest: str, dtype: str, shape: Sequence[int], links: bytes | None) -> int:
        code = self.codes[digest] = len(self.types)
        self.types.append(_type(dtype, tuple(shape)))
        self.chains.append(links or None)
        self.ends.append(_end(links) if links else None)
        return code

    def _digest(self, code: int) -> str:
        return next(digest for digest, known in self.codes.items() if known == code)

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

    def _differs(self, code: int, digest: str, links: bytes | None) -> None:
        if self.chains[code] is None and links:
            self.chains[code] = links
            self.ends[code] = _end(links)
        else:
            self.conflicts.append(digest)


@cache
def _type(dtype: str, shape: tuple[int, ...]) -> str:
    return f"{dtype}[{','.join(map(str, shape))}]"


def _end(links: bytes) -> str:
    """The last link, as text."""
    return links[-8:].hex()
