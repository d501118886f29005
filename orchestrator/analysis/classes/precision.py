"""Remaining precision from chains: of any set, of all pairs, and as a dendrogram.

Two outputs share D0…Dp exactly if they agree in sign, exponent and p leading mantissa bits, so
the agreement of a set is the length of its longest common prefix of chains. That length is an
ultrametric (of any three pairs the two smallest are equal); the trie of the chains therefore is
the dendrogram, exactly, without a linkage rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from orchestrator.analysis.observations.chains import Chains, Codes
from orchestrator.results.partitions import Branch


def remaining_precision(chains: Chains, codes: Codes) -> int | None:
    """Mantissa bits, 0…m, on which all outputs ``codes`` agree; m if they are one output.

    0 also where signs, exponents, types or shapes differ. ``None`` for an empty set and where
    an output has no chain (it is not a float).
    """
    index = np.asarray(codes, dtype=np.int64)
    if index.size == 0:
        return None
    return remaining_precisions(chains, index, [0])[0]


def remaining_precisions(chains: Chains, codes: Codes, starts: Codes) -> list[int | None]:
    """``remaining_precision`` of many sets at once: set ``i`` starts at ``codes[starts[i]]``.

    No set is empty; ``starts`` ascends from 0.
    """
    if len(starts) == 0:
        return []
    index, first = np.asarray(codes, dtype=np.int64), np.asarray(starts, dtype=np.int64)
    rows = chains.values[index]
    sizes = np.diff(np.append(first, index.size))
    equal = rows == np.repeat(rows[first], sizes, axis=0)
    # One column that never agrees: argmin finds an end even where all links are equal.
    ends = np.pad(equal, ((0, 0), (0, 1))).argmin(axis=1)
    bits = np.minimum.reduceat(chains.bits[index].astype(np.int64), first)
    # Bits beyond the shorter chain are padding; they must not count as agreement.
    common = np.minimum(np.minimum.reduceat(ends, first) - 1, bits)
    return [
        None if least < 0 else max(agreed, 0)
        for agreed, least in zip(common.tolist(), bits.tolist(), strict=True)
    ]


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
    return _tree(chains, index, np.asarray(numbers))


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


def _tree(chains: Chains, index: npt.NDArray[np.int64], numbers: npt.NDArray[Any]) -> Branch:
    """Leaves in the order of their chains; neighbours then agree at least as much as others,
    so the tree follows from what each leaf has in common with the next."""
    bits = chains.bits[index]
    length = int(bits.max()) + 1
    rows = chains.values[index, :length]
    order = np.lexsort(rows.T[::-1])
    sorted_rows, sorted_bits = rows[order], bits[order]
    differs = sorted_rows[1:] != sorted_rows[:-1]
    # A shorter chain ends: beyond its last link nothing is agreed on.
    shorter = np.minimum(sorted_bits[1:], sorted_bits[:-1])
    differs |= np.arange(length) > shorter[:, None]
    common = np.where(differs.any(axis=1), differs.argmax(axis=1), shorter + 1)
    heights = np.maximum(common - 1, 0).tolist()
    leaves = [
        Branch(int(sorted_bits[place]), (int(numbers[row]),)) for place, row in enumerate(order)
    ]
    # A stack of open nodes, precision rising: (precision, children).
    stack: list[tuple[int, list[Branch]]] = []
    last = leaves[0]
    for height, leaf in zip(heights, leaves[1:], strict=True):
        while stack and stack[-1][0] > height:
            precision, children = stack.pop()
            children.append(last)
            last = _node(precision, children)
        if stack and stack[-1][0] == height:
            stack[-1][1].append(last)
        else:
            stack.append((height, [last]))
        last = leaf
    while stack:
        precision, children = stack.pop()
        children.append(last)
        last = _node(precision, children)
    return last


def _node(precision: int, children: list[Branch]) -> Branch:
    children.sort(key=lambda child: child.classes[0])
    classes = tuple(sorted(number for child in children for number in child.classes))
    return Branch(precision, classes, tuple(children))
