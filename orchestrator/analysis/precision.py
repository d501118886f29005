"""Remaining precision from chains: of any set, of all pairs, and as a dendrogram.

Two outputs share D0…Dp exactly if they agree in sign, exponent and p leading mantissa bits, so
the agreement of a set is the length of its longest common prefix of chains. That length is an
ultrametric (of any three pairs the two smallest are equal); the trie of the chains therefore is
the dendrogram, exactly, without a linkage rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from orchestrator.analysis.chains import Chains, Codes
from orchestrator.results_model import Branch


def remaining_precision(chains: Chains, codes: Codes) -> int | None:
    """Mantissa bits, 0…m, on which all outputs ``codes`` agree; m if they are one output.

    0 also where signs, exponents, types or shapes differ. ``None`` for an empty set and where
    an output has no chain (it is not a float).
    """
    distinct = np.unique(np.asarray(codes, dtype=np.int64))
    if distinct.size == 0 or (chains.bits[distinct] < 0).any():
        return None
    length = int(chains.bits[distinct].min()) + 1
    rows = chains.values[distinct, :length]
    return max(_prefix((rows == rows[0]).all(axis=0)) - 1, 0)


def pairwise(chains: Chains, codes: Codes) -> npt.NDArray[np.int16]:
    """(k, k) remaining precision of all pairs of ``codes``; -1 where it is not defined."""
    index = np.asarray(codes, dtype=np.int64)
    bits = chains.bits[index]
    agree = np.full((index.size, index.size), -1, dtype=np.int16)
    # Bits beyond the shorter chain are padding; they must not count as agreement.
    shorter = np.minimum(bits[:, None], bits[None, :])
    still = shorter >= 0
    for p in range(int(bits.max(initial=-1)) + 1):
        column = chains.values[index, p]
        still &= (column[:, None] == column[None, :]) & (p <= shorter)
        agree[still] = p
    undefined = (bits[:, None] < 0) | (bits[None, :] < 0)
    agree[(agree < 0) & ~undefined] = 0
    return agree


def dendrogram(chains: Chains, codes: Sequence[int], numbers: Sequence[int]) -> Branch | None:
    """The trie of the chains of ``codes``; ``numbers`` are the class numbers of its leaves.

    ``codes`` are distinct. ``None`` where remaining precision is not defined.
    """
    index = np.asarray(codes, dtype=np.int64)
    if index.size == 0 or (chains.bits[index] < 0).any():
        return None
    return _Trie(chains, index, numbers).branch(tuple(range(index.size)), 0)


def linkage(tree: Branch) -> dict[tuple[int, int], int]:
    """Remaining precision of each pair of classes (a < b), read off the dendrogram."""
    found: dict[tuple[int, int], int] = {}
    for position, child in enumerate(tree.children):
        found |= linkage(child)
        for other in tree.children[position + 1 :]:
            for a in child.classes:
                for b in other.classes:
                    found[min(a, b), max(a, b)] = tree.precision
    return found


@dataclass(frozen=True)
class _Trie:
    chains: Chains
    index: npt.NDArray[np.int64]
    numbers: Sequence[int]

    def branch(self, members: tuple[int, ...], level: int) -> Branch:
        """The node of ``members`` (positions in ``index``), which agree below ``level``."""
        classes = tuple(sorted(self.numbers[member] for member in members))
        if len(members) == 1:
            return Branch(int(self.chains.bits[self.index[members[0]]]), classes)
        rows = self.index[list(members)]
        length = int(self.chains.bits[rows].min()) + 1
        values = self.chains.values[rows, level:length]
        common = level + _prefix((values == values[0]).all(axis=0))
        precision = max(common - 1, 0)
        groups = self._split(members, common)
        children = tuple(self.branch(group, common) for group in groups)
        return Branch(precision, classes, _flat(children, precision))

    def _split(self, members: tuple[int, ...], level: int) -> list[tuple[int, ...]]:
        groups: dict[int, list[int]] = {}
        for member in members:
            row = int(self.index[member])
            ended = level > int(self.chains.bits[row])
            key = -1 - member if ended else int(self.chains.values[row, level])
            groups.setdefault(key, []).append(member)
        return [tuple(group) for group in groups.values()]


def _flat(children: tuple[Branch, ...], precision: int) -> tuple[Branch, ...]:
    """Take in inner nodes of the parent's own precision: both "D0 differs" and "only D0
    agrees" are zero bits, and one height has one node."""
    flat: list[Branch] = []
    for child in children:
        same = child.children and child.precision == precision
        flat.extend(child.children if same else (child,))
    return tuple(sorted(flat, key=lambda child: child.classes[0]))


def _prefix(equal: npt.NDArray[np.bool_]) -> int:
    """Length of the run of ``True`` at the start."""
    return int(equal.size if equal.all() else equal.argmin())
