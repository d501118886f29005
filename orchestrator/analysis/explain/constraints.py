"""Which attributes tell pairs of platforms apart: the constraints of a minimal set.

A row is a boolean per attribute: whether the two platforms of a pair differ in it. A set of
attributes determines the classes exactly if it meets every row of platforms in two classes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int64]
Rows = npt.NDArray[np.bool_]

_BLOCK = 512
_WIDE = 64
_SHIELDS = 1024


def all_rows(codes: Codes, classes: Codes) -> Rows:
    """The undominated rows of all pairs; for up to a few hundred platforms."""
    first, second = np.triu_indices(len(codes), 1)
    apart = classes[first] != classes[second]
    return undominated(codes[first[apart]] != codes[second[apart]])


def nearest_rows(codes: Codes, classes: Codes, members: Codes) -> Rows:
    """For each platform in ``members`` a row with the most alike one among them that is in
    another class, undominated: pairs that differ in little say most."""
    features = _one_hot(codes[members])
    own = classes[members]
    pairs = []
    for start in range(0, len(members), _BLOCK):
        block = slice(start, start + _BLOCK)
        alike = features[block] @ features.T
        alike[own[block, None] == own[None, :]] = -1
        best = alike.argmax(axis=1)
        there = alike[np.arange(len(best)), best] >= 0
        pairs.append(
            np.column_stack((members[block][there], members[best[there]])),
        )
    pair = np.concatenate(pairs) if pairs else np.empty((0, 2), dtype=np.int64)
    return undominated(codes[pair[:, 0]] != codes[pair[:, 1]])


def undominated(rows: Rows) -> Rows:
    """Distinct rows, shortest first, without those that contain one of the shortest 1,024:
    whatever meets the shorter meets the longer."""
    if not len(rows):
        return rows
    packed = np.unique(np.packbits(rows, axis=1), axis=0)
    size = np.unpackbits(packed, axis=1).sum(axis=1, dtype=np.int64)
    packed = packed[np.argsort(size, kind="stable")]
    kept = 0
    while kept < min(len(packed), _SHIELDS):
        shield = packed[kept]
        later = packed[kept + 1 :]
        free = ((later & shield) != shield).any(axis=1)
        packed = np.concatenate((packed[: kept + 1], later[free]))
        kept += 1
    unpacked = np.unpackbits(packed, axis=1, count=rows.shape[1])
    return unpacked.astype(bool)


def unmet_rows(codes: Codes, classes: Codes, chosen: Codes, largest: int = 2000) -> Rows:
    """Rows that ``chosen`` attributes do not meet; none exactly if they determine the classes.

    Of a group of more than ``largest`` platforms that agree on all of them a sample, with at
    least one of each class, is looked at.
    """
    group = projected(codes, chosen)
    found = [
        nearest_rows(codes, classes, _sample(members, classes, largest))
        for members in mixed_groups(group, classes)
    ]
    if not found:
        return np.empty((0, codes.shape[1]), dtype=bool)
    return undominated(np.concatenate(found))


def projected(codes: Codes, chosen: Codes) -> Codes:
    """A number per platform: equal exactly where all ``chosen`` attributes are."""
    if not len(chosen):
        return np.zeros(len(codes), dtype=np.int64)
    _, group = np.unique(codes[:, chosen], axis=0, return_inverse=True)
    return group.reshape(-1).astype(np.int64)


def mixed_groups(group: Codes, classes: Codes) -> list[Codes]:
    """The platforms of each group that holds several classes."""
    order = np.lexsort((classes, group))
    sorted_group, sorted_class = group[order], classes[order]
    changes = (sorted_group[1:] == sorted_group[:-1]) & (sorted_class[1:] != sorted_class[:-1])
    mixed = np.unique(sorted_group[1:][changes])
    starts = np.searchsorted(sorted_group, mixed, side="left")
    ends = np.searchsorted(sorted_group, mixed, side="right")
    return [order[start:end] for start, end in zip(starts, ends, strict=True)]


def _sample(members: Codes, classes: Codes, largest: int) -> Codes:
    if len(members) <= largest:
        return members
    _, first = np.unique(classes[members], return_index=True)
    # Evenly spread and without chance, so that a run can be repeated.
    spread = np.linspace(0, len(members) - 1, largest).astype(np.int64)
    return members[np.union1d(first, spread)]


def _one_hot(codes: Codes) -> npt.NDArray[np.float32]:
    """Features whose inner product counts the attributes two platforms share. Attributes of
    many values take no part: this only picks pairs, the rows themselves are exact."""
    parts = []
    for column in codes.T:
        values, inverse = np.unique(column, return_inverse=True)
        if len(values) <= _WIDE:
            part = np.zeros((len(codes), len(values)), dtype=np.float32)
            part[np.arange(len(codes)), inverse.reshape(-1)] = 1
            parts.append(part)
    return np.concatenate(parts, axis=1) if parts else np.zeros((len(codes), 1), np.float32)
