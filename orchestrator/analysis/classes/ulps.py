"""Exact distances between floats, in units in the last place.

The bits of a float, read as sign and magnitude, order all values of its type. Mapped to integers
so that neighbours are one apart (-0 and 0 are both 0), the distance of two floats is the
difference of their integers, whatever their exponents.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

FLOATS = {"float16": 16, "bfloat16": 16, "float32": 32, "float64": 64}
"""Width in bits, by dtype name."""

Bits = npt.NDArray[np.uint64]


def bits_of(dtype: str, array: npt.NDArray[Any]) -> Bits:
    """The bit pattern of each element, right-aligned; same shape as ``array``."""
    width = FLOATS[dtype]
    return np.ascontiguousarray(array).view(f"u{width // 8}").astype(np.uint64)


def ordered(dtype: str, bits: Bits) -> Bits:
    """Integers in the order of the values: neighbouring floats differ by one.

    Offset by 2^63 so that they are unsigned: the distance of two float64 may need 64 bits. NaNs
    come beyond the infinities and mean nothing there.
    """
    width = FLOATS[dtype]
    sign = np.uint64(1 << (width - 1))
    magnitude = bits & np.uint64((1 << (width - 1)) - 1)
    zero = np.uint64(1 << 63)
    return np.where(bits & sign, zero - magnitude, zero + magnitude)


def ulp_distance(dtype: str, a: Bits, b: Bits) -> Bits:
    """Steps between the elements of two arrays of bit patterns; not for NaNs."""
    first, second = ordered(dtype, a), ordered(dtype, b)
    return np.maximum(first, second) - np.minimum(first, second)


def is_nan(dtype: str, bits: Bits) -> npt.NDArray[np.bool_]:
    """Where a bit pattern is a NaN, of any payload."""
    width = FLOATS[dtype]
    mantissa = {"float16": 10, "bfloat16": 7, "float32": 23, "float64": 52}[dtype]
    magnitude = bits & np.uint64((1 << (width - 1)) - 1)
    infinity = np.uint64(((1 << (width - 1 - mantissa)) - 1) << mantissa)
    return magnitude > infinity


def doubling_bins(distances: Bits) -> npt.NDArray[np.int64]:
    """How many ``distances`` are 0, 1, 2…3, 4…7, …: up to 65 counts, without trailing zeros."""
    if distances.size == 0:
        return np.zeros(0, dtype=np.int64)
    powers = np.array([1 << exponent for exponent in range(64)], dtype=np.uint64)
    # Compared as integers: a logarithm would round 2^53 - 1 into the next bin.
    place = np.searchsorted(powers, distances.reshape(-1), side="right")
    return np.bincount(place).astype(np.int64)


def as_values(dtype: str, array: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """The elements as float64, exactly (integers beyond 2^53 round); bfloat16 is widened."""
    if dtype == "bfloat16":
        wide = array.astype(np.uint32) << np.uint32(16)
        array = np.ascontiguousarray(wide).view(np.float32)
    # Casting a signalling NaN sets a flag that NumPy reports.
    with np.errstate(invalid="ignore"):
        return np.asarray(array, dtype=np.float64)
