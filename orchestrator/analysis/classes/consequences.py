"""What the differences between classes amount to: distances, errors, labels, margins.

Tensors come from outside through a callable, so that nothing here reads a file. One class is
represented by one tensor: all its platforms have the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from orchestrator.analysis.classes.ulps import (
    FLOATS,
    as_values,
    bits_of,
    doubling_bins,
    is_nan,
    ulp_distance,
)
from orchestrator.results.consequences import (
    Bin,
    ClassMargin,
    ClassPair,
    Consequences,
    Flips,
    Outcome,
    UlpHistogram,
)
from orchestrator.results.partitions import EqClass, Partition

Tensor = tuple[str, tuple[int, ...], npt.NDArray[Any]]
"""(dtype name, shape, array); bfloat16 travels as ``uint16``."""
Tensors = Callable[[str], Tensor | None]
"""From a digest to its tensor; ``None`` where it is not stored."""

ALL_PAIRS = 40
"""Up to this many classes every pair is compared; beyond, each with the largest class."""


def consequences(partitions: Iterable[Partition], tensors: Tensors) -> tuple[Consequences, ...]:
    """One ``Consequences`` per partition, in their order. Loads one partition at a time."""
    return tuple(consequences_of(partition, tensors) for partition in partitions)


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
    absolute, relative = _errors(as_values(dtype, x), as_values(dtype, y))
    histogram = None
    if dtype in FLOATS:
        left, right = bits_of(dtype, x), bits_of(dtype, y)
        histogram = _histogram(dtype, left, right)
        differing = int((left != right).sum())
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
        flips=_flips(as_values(dtype, x), as_values(dtype, y)) if dtype != "bool" else None,
    )


def _histogram(
    dtype: str, left: npt.NDArray[np.uint64], right: npt.NDArray[np.uint64]
) -> UlpHistogram:
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


def _errors(
    x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]
) -> tuple[float | None, float | None]:
    """Largest absolute and relative error over the elements without a NaN."""
    numbers = ~(np.isnan(x) | np.isnan(y))
    x, y = x[numbers], y[numbers]
    if x.size == 0:
        return None, None
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        absolute = np.where(x == y, 0.0, np.abs(x - y))
        size = np.maximum(np.abs(x), np.abs(y))
        # The difference of two large numbers may overflow though their ratio does not.
        halves = np.abs(x / 2 - y / 2) / (size / 2)
        relative = np.where(np.isinf(absolute), halves, absolute / size)
    relative = np.where(absolute == 0, 0.0, relative)
    relative = np.where(np.isinf(size) & (absolute > 0), np.inf, relative)
    return float(absolute.max()), float(relative.max())


def _flips(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> Flips | None:
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
    rows = _rows(as_values(dtype, array)) if dtype != "bool" else None
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
