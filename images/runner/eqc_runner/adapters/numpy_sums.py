"""Ways to add up the same numbers: the order of additions, compensation, wider accumulators.

Every function takes an array (rows, terms) and gives the sum of each row, (rows,), in the array's
dtype. All additions of one step are elementwise, one per row, so that no library chooses an order.
"""

from __future__ import annotations

import math
from typing import Callable

import numpy as np

Sum = Callable[[np.ndarray], np.ndarray]

FOLDS = 3
"""How many slices of leading bits ``reproducible`` adds up."""


def library(values: np.ndarray) -> np.ndarray:
    """NumPy's own: pairwise over blocks, unrolled eightfold."""
    return np.asarray(values.sum(axis=1, dtype=values.dtype))


def sequential(values: np.ndarray) -> np.ndarray:
    """From the first to the last."""
    total = np.zeros(len(values), values.dtype)
    for column in values.T:
        total = total + column
    return total


def backwards(values: np.ndarray) -> np.ndarray:
    """From the last to the first."""
    return sequential(values[:, ::-1])


def by_magnitude(values: np.ndarray) -> np.ndarray:
    """From the smallest magnitude to the largest; equal ones in their order."""
    order = np.argsort(np.abs(values), axis=1, kind="stable")
    return sequential(np.take_along_axis(values, order, axis=1))


def neighbours(values: np.ndarray) -> np.ndarray:
    """Pairwise: each with its neighbour, until one is left."""
    return _pairwise(values, lambda part: (part[:, 0::2], part[:, 1::2]))


def halves(values: np.ndarray) -> np.ndarray:
    """Pairwise: the first half with the second, until one is left."""

    def split(part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        half = part.shape[1] // 2
        return part[:, :half], part[:, half:]

    return _pairwise(values, split)


def _pairwise(
    values: np.ndarray, split: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
) -> np.ndarray:
    part = values
    while part.shape[1] > 1:
        odd = part[:, -1:] if part.shape[1] % 2 else part[:, :0]
        first, second = split(part[:, : part.shape[1] - odd.shape[1]])
        part = np.concatenate([first + second, odd], axis=1)
    return part[:, 0] if part.shape[1] else np.zeros(len(values), values.dtype)


def lanes(values: np.ndarray, width: int) -> np.ndarray:
    """``width`` accumulators in turn, as SIMD registers have, then these pairwise by halves."""
    rest = -values.shape[1] % width
    padded = np.pad(values, ((0, 0), (0, rest)))
    total = np.zeros((len(values), width), values.dtype)
    for start in range(0, padded.shape[1], width):
        total = total + padded[:, start : start + width]
    return halves(total)


def threads(values: np.ndarray, count: int, width: int) -> np.ndarray:
    """``count`` blocks, each as ``lanes``, then the blocks from the first to the last."""
    parts = np.array_split(values, count, axis=1)
    return sequential(np.stack([lanes(part, width) for part in parts], axis=1))


def kahan(values: np.ndarray) -> np.ndarray:
    """From the first to the last; what an addition loses is subtracted from the next term.

    W. Kahan, "Further remarks on reducing truncation errors", 1965.
    """
    total = np.zeros(len(values), values.dtype)
    lost = np.zeros_like(total)
    for column in values.T:
        term = column - lost
        new = total + term
        lost = (new - total) - term
        total = new
    return total


def neumaier(values: np.ndarray) -> np.ndarray:
    """As Kahan, but right where a term is larger than the sum; what was lost is added at the end.

    A. Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen", 1974.
    """
    total = np.zeros(len(values), values.dtype)
    lost = np.zeros_like(total)
    for column in values.T:
        new = total + column
        larger = np.abs(total) >= np.abs(column)
        lost = lost + np.where(larger, (total - new) + column, (column - new) + total)
        total = new
    return np.asarray(total + lost)


def double(values: np.ndarray) -> np.ndarray:
    """From the first to the last in float64, rounded once at the end."""
    return sequential(values.astype(np.float64)).astype(values.dtype)


def exact(values: np.ndarray) -> np.ndarray:
    """The exact sum, rounded to float64 and then to the dtype (``math.fsum``)."""
    return np.array([math.fsum(row.tolist()) for row in values], np.float64).astype(values.dtype)


def reproducible(values: np.ndarray) -> np.ndarray:
    """The same bits for every order of the terms: ``FOLDS`` slices of leading bits, each exact.

    J. Demmel and H. D. Nguyen, "Fast reproducible floating-point summation", 2013. All terms are
    cut at one place, which follows from the largest magnitude and the number of terms, so that no
    addition of the parts before the place rounds; what is behind it is cut again. What is left
    after the last fold is dropped. Where a slice would have less than eight bits, it is computed
    in float64.
    """
    digits = np.finfo(values.dtype).nmant + 1
    carry = math.ceil(math.log2(max(values.shape[1], 2)))
    if digits - carry - 1 < 8 and values.dtype != np.float64:
        return reproducible(values.astype(np.float64)).astype(values.dtype)
    rest, totals = values, []
    for _ in range(FOLDS):
        largest = np.abs(rest).max(axis=1, keepdims=True, initial=0)
        _, exponent = np.frexp(largest)
        # Cut at the bit of weight 2**(exponent + carry + 1 - digits): sums of the parts before it
        # stay below 2**(exponent + carry), so they have at most ``digits`` bits.
        unit = np.ldexp(values.dtype.type(1), exponent + carry + 1 - digits)
        unit = np.maximum(unit, np.finfo(values.dtype).smallest_subnormal)
        high = np.asarray(np.trunc(rest / unit) * unit)
        totals.append(sequential(high))
        rest = rest - high
    total = totals[-1]
    for part in reversed(totals[:-1]):
        total = part + total
    return np.asarray(total)


FORMS: dict[str, Sum] = {
    "library": library,
    "sequential": sequential,
    "backwards": backwards,
    "by-magnitude": by_magnitude,
    "neighbours": neighbours,
    "halves": halves,
    **{f"lanes-{width}": (lambda v, w=width: lanes(v, w)) for width in (4, 8, 16, 32)},  # type: ignore[misc]
    **{
        f"threads-{count}-lanes-{width}": (lambda v, c=count, w=width: threads(v, c, w))  # type: ignore[misc]
        for count in (2, 4, 8)
        for width in (4, 8, 16)
    },
    "kahan": kahan,
    "neumaier": neumaier,
    "float64": double,
    "reproducible": reproducible,
    "exact": exact,
}
"""By the names that experiments give them."""
