"""Which elements of a tensor have exactly the same value in a model's dtype, or can be rounded.

The runner decides this again when it converts (docs/formats.md, 3): this is the same rule, for a
mistake that can be shown before a machine runs. A tensor comes from a file, so it is no bfloat16.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from orchestrator.results.tensor_file import MANTISSA_BITS

Array = NDArray[Any]
Mask = NDArray[np.bool_]

_COMPLEX = {"complex64": "float32", "complex128": "float64"}
_BFLOAT16_OVERFLOW = (2 - 2.0**-8) * 2.0**127
"""Half a unit above the largest: this and more is rounded to infinity."""


def first_misfit(array: Array, dtype: str, *, rounding: bool) -> tuple[int, ...] | None:
    """The index of the first element that ``dtype`` does not have; ``None``: all fit.

    ``rounding``: numbers may be rounded to a float, except to infinity.
    """
    flat = array.reshape(-1)
    if flat.dtype.name == dtype:
        return None
    with np.errstate(all="ignore"):
        fits = _fits(flat, dtype, rounding=rounding)
    if bool(fits.all()):
        return None
    return tuple(int(place) for place in np.unravel_index(int(np.argmin(fits)), array.shape))


def _fits(flat: Array, dtype: str, *, rounding: bool) -> Mask:
    if flat.dtype.kind == "c":
        if dtype in _COMPLEX:
            first, second = (
                _same_or_fits(part, _COMPLEX[dtype], rounding=rounding) for part in _parts(flat)
            )
            both: Mask = first & second
            return both
        real, imaginary = _parts(flat)
        plain: Mask = (imaginary == 0) & ~np.signbit(imaginary)
        plain &= _same_or_fits(real, dtype, rounding=rounding)
        return plain
    return _same_or_fits(flat, _COMPLEX.get(dtype, dtype), rounding=rounding)


def _parts(flat: Array) -> tuple[Array, Array]:
    return np.ascontiguousarray(flat.real), np.ascontiguousarray(flat.imag)


def _same_or_fits(flat: Array, dtype: str, *, rounding: bool) -> Mask:
    """Of real numbers, to a dtype that is not complex."""
    if flat.dtype.kind == "b" or flat.dtype.name == dtype:
        return np.ones(flat.shape, np.bool_)
    if dtype in MANTISSA_BITS:
        exact, finite = _in_float(flat, dtype)
        return exact | finite if rounding else exact
    low, high = (0, 1) if dtype == "bool" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    if flat.dtype.kind in "iu":
        return _between(flat, low, high)
    doubles = flat.astype(np.float64)
    whole = (np.trunc(doubles) == doubles) & ~((doubles == 0) & np.signbit(doubles))
    # The upper bound is a power of two, so it is a double, also where high itself is none.
    result: Mask = whole & (doubles >= low) & (doubles < float(high + 1))
    return result


def _between(flat: Array, low: int, high: int) -> Mask:
    limits = np.iinfo(flat.dtype)
    least, most = max(low, int(limits.min)), min(high, int(limits.max))
    result: Mask = (flat >= flat.dtype.type(least)) & (flat <= flat.dtype.type(most))
    return result


def _in_float(flat: Array, dtype: str) -> tuple[Mask, Mask]:
    """Which elements the float has exactly, and which it has after rounding."""
    if flat.dtype.kind in "iu":
        return _whole_in_float(flat, dtype)
    finite = np.isfinite(flat)
    if dtype == "bfloat16":
        single = flat.astype(np.float32)
        cut = (single.view(np.uint32) & np.uint32(0xFFFF)) == 0
        same = cut & (single.astype(flat.dtype) == flat)
        rounded = finite & (np.abs(flat.astype(np.float64)) < _BFLOAT16_OVERFLOW)
    else:
        made = flat.astype(dtype)
        same = made.astype(flat.dtype) == flat
        rounded = finite & np.isfinite(made)
    nans = np.isnan(flat)
    exact = np.where(nans, _nan_stays(flat, dtype), same)
    return exact, rounded | np.isinf(flat) | nans


def _whole_in_float(flat: Array, dtype: str) -> tuple[Mask, Mask]:
    """Whole numbers: exact where they are short enough between their first and last 1."""
    signed = flat.astype(np.int64) if flat.dtype.kind == "i" else np.zeros(flat.shape, np.int64)
    size = np.where(signed < 0, (-signed).astype(np.uint64), flat.astype(np.uint64))
    lowest = size & (~size + np.uint64(1))
    short = size // np.maximum(lowest, np.uint64(1)) < np.uint64(1 << (MANTISSA_BITS[dtype] + 1))
    # 65520 is half a unit above the largest float16; whole numbers are in range of the others.
    small = size < np.uint64(65520) if dtype == "float16" else np.ones(flat.shape, np.bool_)
    return short & small, small


def _nan_stays(flat: Array, dtype: str) -> Mask:
    """Whether a NaN's payload, aligned to the left, has room and is not all cut off."""
    have, keep = MANTISSA_BITS[flat.dtype.name], MANTISSA_BITS[dtype]
    bits = np.ascontiguousarray(flat).view(f"u{flat.dtype.itemsize}").astype(np.uint64)
    cut = np.uint64((1 << max(have - keep, 0)) - 1)
    result: Mask = (bits & cut) == 0
    return result
