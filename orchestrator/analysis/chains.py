"""Precision chains of all distinct outputs, side by side in one matrix.

A chain depends on the output's content alone, so it is kept once per distinct digest: a fleet
of 10,000 platforms in 16 classes costs 16 chains an output, not 10,000.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt

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
        ranks[np.argsort(np.array(self.digests, dtype=np.str_), kind="stable")] = np.arange(
            len(self.digests)
        )
        return ranks


@dataclass
class ChainCollector:
    """Collects outputs record by record, then gives the matrix."""

    codes: dict[str, int] = field(default_factory=dict)
    types: list[str] = field(default_factory=list)
    chains: list[npt.NDArray[np.uint64] | None] = field(default_factory=list)
    ends: list[str | None] = field(default_factory=list)
    """The last link of each, as text: what repetitions are compared with."""
    conflicts: list[str] = field(default_factory=list)
    """Digests that came with two different chains: the records are damaged."""

    def add(self, output: Mapping[str, Any]) -> int:
        """The code of one entry of a record's ``outputs``."""
        digest = output["digest"]
        code = self.codes.get(digest)
        chain = output.get("chain")
        if code is None:
            code = self.codes[digest] = len(self.types)
            shape = ",".join(str(size) for size in output["shape"])
            self.types.append(f"{output['dtype']}[{shape}]")
            self.chains.append(_parsed(chain))
            self.ends.append(chain[-1] if chain else None)
        elif chain and chain[-1] != self.ends[code]:
            # Only the ends are compared: parsing a whole chain once per row would cost more
            # than all the rest of reading, and Dm covers every bit of the output.
            self._differs(code, digest, chain)
        return code

    def add_all(self, outputs: Sequence[Mapping[str, Any]]) -> list[int]:
        """The codes of a record's ``outputs``, in order."""
        # Millions of outputs repeat a few known digests: those take no Python call each.
        codes = list(map(self.codes.get, map(_DIGEST, outputs)))
        if None in codes:
            return [self.add(output) for output in outputs]
        known = [code for code in codes if code is not None]
        ends = self.ends
        for code, chain in zip(known, map(_CHAIN, outputs), strict=True):
            if chain and chain[-1] != ends[code]:
                self._differs(code, self._digest(code), chain)
        return known

    def _digest(self, code: int) -> str:
        return next(digest for digest, known in self.codes.items() if known == code)

    def finish(self) -> Chains:
        """The matrix of everything added so far."""
        longest = max((len(chain) for chain in self.chains if chain is not None), default=0)
        values = np.zeros((len(self.chains), longest), dtype=np.uint64)
        bits = np.full(len(self.chains), -1, dtype=np.int16)
        for row, chain in enumerate(self.chains):
            if chain is not None:
                values[row, : len(chain)] = chain
                bits[row] = len(chain) - 1
        return Chains(tuple(self.codes), tuple(self.types), values, bits)

    def _differs(self, code: int, digest: str, chain: Sequence[str]) -> None:
        if self.chains[code] is None:
            self.chains[code] = _parsed(chain)
            self.ends[code] = chain[-1]
        else:
            self.conflicts.append(digest)


def _parsed(chain: Sequence[str] | None) -> npt.NDArray[np.uint64] | None:
    if not chain:
        return None
    links = bytes.fromhex("".join(chain))
    if len(links) != 8 * len(chain):
        raise ValueError(f"a chain of {len(chain)} links has {len(links)} bytes, not 8 each")
    return np.frombuffer(links, dtype=">u8").astype(np.uint64)
