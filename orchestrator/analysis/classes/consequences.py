"""What the differences between classes amount to: distances, ULPs, errors, labels, margins.

Tensors come from outside through a callable, so that nothing here reads a file. One class is
represented by one tensor: all its platforms have the same bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from orchestrator.results.consequences import (
    Bin,
    ClassMargin,
    ClassPair,
    Consequences,
    Flips,
    Outcome,
    UlpHistogram,
)
from orchestrator.results.floats import (
    FORMATS,
    Bits,
    as_values,
    bits_of,
    is_nan,
    ulp_distance,
)
from orchestrator.results.partitions import EqClass, Partition
from orchestrator.results.tensor_file import COMPLEX

Tensor = tuple[str, tuple[int, ...], npt.NDArray[Any]]
"""(dtype name, shape, array); what NumPy lacks travels as its carrier."""
Tensors = Callable[[str], Tensor | None]
"""From a digest to its tensor; ``None`` where it is not stored."""

ALL_PAIRS = 40
"""Up to this many classes every pair is compared; beyond, each with the largest class."""


def consequences(
    partitions: Iterable[Partition], tensors: BudgetedTensors
) -> tuple[Consequences, ...]:
    """One ``Consequences`` per partition, in their order. Loads one partition at a time.

    Ends before the first partition of which a tensor was refused.
    """
    found = []
    for partition in partitions:
        one = consequences_of(partition, tensors)
        if tensors.exhausted:
            break
        found.append(one)
    return tuple(found)


def consequences_of(partition: Partition, tensors: Tensors) -> Consequences:
    """Compare the classes of one partition pair by pair, and the margin of each."""
    found = {group.number: _representative(group, tensors) for group in partition.classes}
    notes = []
    several = [str(group.number) for group in partition.classes if len(group.digests) > 1]
    if several:
        notes.append(f"classes of several outputs, the first stands for: {', '.join(several)}")
    if len(found) > ALL_PAIRS:
        notes.append(f"{len(found)} classes: each is compared with the largest only")
    absent = [str(number) for number, tensor in found.items() if tensor is None]
    if absent:
        notes.append(f"no tensor stored of class {', '.join(absent)}")
    return Consequences(
        *partition.key,
        pairs=tuple(_pair(a, b, found[a], found[b]) for a, b in _pairs(partition)),
        margins=tuple(_margin(number, tensor) for number, tensor in sorted(found.items())),
        notes=tuple(notes),
    )


def _representative(group: EqClass, tensors: Tensors) -> Tensor | None:
    return tensors(group.digests[0]) if group.digests else None


def _pairs(partition: Partition) -> Iterator[tuple[int, int]]:
    numbers = sorted(group.number for group in partition.classes)
    if len(numbers) <= ALL_PAIRS:
        yield from combinations(numbers, 2)
        return
    largest = min(partition.classes, key=lambda group: (-len(group.platforms), group.number))
    for number in numbers:
        if number != largest.number:
            yield min(number, largest.number), max(number, largest.number)


def _pair(a: int, b: int, first: Tensor | None, second: Tensor | None) -> ClassPair:
    if first is None or second is None:
        return ClassPair(a, b, Outcome.NO_TENSOR)
    dtype, shape, x = first
    other_dtype, other_shape, y = second
    if (dtype, shape) != (other_dtype, other_shape):
        return ClassPair(a, b, Outcome.OTHER_TYPE)
    absolute, relative = largest_errors(first, second)
    histogram = None
    if dtype in FORMATS:
        left, right = bits_of(dtype, x), bits_of(dtype, y)
        histogram = ulp_histogram(dtype, left, right)
        differs = left != right
        differing = int((differs.any(axis=-1) if dtype in COMPLEX else differs).sum())
    else:
        differing = int((x != y).sum())
    return ClassPair(
        a,
        b,
        Outcome.COMPARED,
        elements=int(x.size),
        differing=differing,
        largest_absolute=absolute,
        largest_relative=relative,
        ulps=histogram,
        flips=label_flips(first, second),
    )


def ulp_histogram(
    dtype: str, left: npt.NDArray[np.uint64], right: npt.NDArray[np.uint64]
) -> UlpHistogram:
    """The distances between two arrays of bit patterns of one type."""
    unordered = is_nan(dtype, left) | is_nan(dtype, right)
    distances = ulp_distance(dtype, left, right)[~unordered]
    counts = doubling_bins(distances).tolist()
    bins = tuple(
        Bin(0, 0, count) if place == 0 else Bin(1 << (place - 1), (1 << place) - 1, count)
        for place, count in enumerate(counts)
    )
    return UlpHistogram(
        bins,
        largest=int(distances.max()) if distances.size else None,
        signed_zeros=int(((left != right)[~unordered] & (distances == 0)).sum()),
        unordered=int((unordered & (left != right)).sum()),
        equal_nans=int((unordered & (left == right)).sum()),
    )


def largest_errors(first: Tensor, second: Tensor) -> tuple[float | None, float | None]:
    """Largest absolute and relative error over the elements without a NaN; of one shape.

    Real and imaginary parts are elements of their own, here and in all distances.
    """
    x, y = as_values(first[0], first[2]), as_values(second[0], second[2])
    absolute = absolute_errors(first, second)
    numbers = ~(np.isnan(x) | np.isnan(y))
    x, y, absolute = x[numbers], y[numbers], absolute[numbers]
    if x.size == 0:
        return None, None
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        size = np.maximum(np.abs(x), np.abs(y))
        # The difference of two large numbers may overflow though their ratio does not.
        halves = np.abs(x / 2 - y / 2) / (size / 2)
        relative = np.where(np.isinf(absolute), halves, absolute / size)
    relative = np.where(absolute == 0, 0.0, relative)
    relative = np.where(np.isinf(size) & (absolute > 0), np.inf, relative)
    return float(absolute.max()), float(relative.max())


def absolute_errors(first: Tensor, second: Tensor) -> npt.NDArray[np.float64]:
    """|x - y| of each element, 0 where x = y, NaN where one is; of one shape.

    Integers are subtracted as integers: float64 would make neighbours beyond 2^53 equal.
    """
    if first[0] == second[0] and first[2].dtype.kind in "iu" and first[0] not in FORMATS:
        x, y = _unsigned(first[2]), _unsigned(second[2])
        return (np.maximum(x, y) - np.minimum(x, y)).astype(np.float64)
    left, right = as_values(first[0], first[2]), as_values(second[0], second[2])
    with np.errstate(invalid="ignore", over="ignore"):
        return np.where(left == right, 0.0, np.abs(left - right))


def _unsigned(array: npt.NDArray[Any]) -> Bits:
    """Integers of any type in their order, as unsigned ones."""
    if array.dtype.kind == "u":
        return array.astype(np.uint64)
    return array.astype(np.int64).view(np.uint64) ^ np.uint64(1 << 63)


_UNRANKED = frozenset({"bool", *COMPLEX})
"""Types without a largest value."""


def label_flips(first: Tensor, second: Tensor) -> Flips | None:
    """Rows along the last axis whose largest value is elsewhere; ``None`` without labels."""
    if first[0] in _UNRANKED:
        return None
    x, y = as_values(first[0], first[2]), as_values(second[0], second[2])
    rows = _rows(x), _rows(y)
    if rows[0] is None or rows[1] is None:
        return None
    undefined = np.isnan(rows[0]).any(axis=1) | np.isnan(rows[1]).any(axis=1)
    labels = [values[~undefined].argmax(axis=1) for values in rows if values is not None]
    return Flips(
        rows=len(rows[0]),
        flipped=int((labels[0] != labels[1]).sum()),
        undefined=int(undefined.sum()),
    )


def _margin(number: int, tensor: Tensor | None) -> ClassMargin:
    if tensor is None:
        return ClassMargin(number, Outcome.NO_TENSOR)
    dtype, _, array = tensor
    rows = _rows(as_values(dtype, array)) if dtype not in _UNRANKED else None
    if rows is None:
        return ClassMargin(number, Outcome.COMPARED)
    undefined = np.isnan(rows).any(axis=1)
    top = np.partition(rows[~undefined], -2, axis=1)[:, -2:]
    with np.errstate(invalid="ignore", over="ignore"):
        margins = np.where(top[:, 1] == top[:, 0], 0.0, top[:, 1] - top[:, 0])
    return ClassMargin(
        number,
        Outcome.COMPARED,
        smallest=float(margins.min()) if margins.size else None,
        rows=len(rows),
        undefined=int(undefined.sum()),
    )


def _rows(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64] | None:
    """(rows, last axis); ``None`` where there is nothing to choose from."""
    if values.ndim == 0 or values.shape[-1] < 2:
        return None
    return values.reshape(-1, values.shape[-1])


class BudgetedTensors:
    """Reads through to ``tensors`` until ``most`` bytes or ``count`` tensors were read; then there
    are none."""

    def __init__(self, tensors: Tensors, most: float, count: float = math.inf) -> None:
        self._tensors = tensors
        self._left = most
        self._count = count
        self.exhausted = False
        """Whether a tensor was refused."""

    def __call__(self, digest: str) -> Tensor | None:
        """The tensor, or ``None`` where it is not stored or too many were read."""
        if self._left <= 0 or self._count <= 0:
            self.exhausted = True
            return None
        tensor = self._tensors(digest)
        if tensor is not None:
            self._left -= tensor[2].nbytes
            self._count -= 1
        return tensor


def doubling_bins(distances: Bits) -> npt.NDArray[np.int64]:
    """How many ``distances`` are 0, 1, 2…3, 4…7, …: up to 65 counts, without trailing zeros."""
    if distances.size == 0:
        return np.zeros(0, dtype=np.int64)
    powers = np.array([1 << exponent for exponent in range(64)], dtype=np.uint64)
    # Compared as integers: a logarithm would round 2^53 - 1 into the next bin.
    place = np.searchsorted(powers, distances.reshape(-1), side="right")
    return np.bincount(place).astype(np.int64)
