"""Precision chains of all distinct outputs, side by side in one matrix.

A chain depends on the output's content alone, so it is kept once per distinct digest: a fleet
of 10,000 platforms in 16 classes costs 16 chains an output, not 10,000.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

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
        ranks[np.argsort(np.array(self.digests, dtype=np.str_), kind="stable")] = np.arange(
            len(self.digests)
        )
        return ranks


@dataclass
class ChainCollector:
    """Collects outputs record by record, then gives the matrix."""

    codes: dict[str, int] = field(default_factory=dict)
    types: list[str] = field(default_factory=list)
    chains: list[tuple[int, ...] | None] = field(default_factory=list)
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
        elif chain:
            self._check(code, digest, chain)
        return code

    def finish(self) -> Chains:
        """The matrix of everything added so far."""
        longest = max((len(chain) for chain in self.chains if chain), default=0)
        values = np.zeros((len(self.chains), longest), dtype=np.uint64)
        bits = np.full(len(self.chains), -1, dtype=np.int16)
        for row, chain in enumerate(self.chains):
            if chain:
                values[row, : len(chain)] = chain
                bits[row] = len(chain) - 1
        return Chains(tuple(self.codes), tuple(self.types), values, bits)

    def _check(self, code: int, digest: str, chain: Sequence[str]) -> None:
        # Only the ends are compared: parsing a whole chain once per row would cost more
        # than all the rest of reading, and Dm covers every bit of the output.
        known = self.chains[code]
        if known is None:
            self.chains[code] = _parsed(chain)
        elif len(known) != len(chain) or known[-1] != int(chain[-1], 16):
            self.conflicts.append(digest)


def _parsed(chain: Sequence[str] | None) -> tuple[int, ...] | None:
    return tuple(int(value, 16) for value in chain) if chain else None
