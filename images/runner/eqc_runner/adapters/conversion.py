"""Converts an input to a model's dtype: exactly, or rounded where that was asked for.

Exactly means bit for bit the same value: -0.0 has its sign, an infinity stays one, a NaN keeps its
payload (its leading bits, as IEEE 754 widens it), a complex number has no imaginary part but +0.0.
Bits are compared as integers, so the answer is the same on every processor. Rounding is to nearest,
ties to even; it never wraps an integer, overflows to infinity or drops an imaginary part.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

MANTISSA = {"float16": 10, "bfloat16": 7, "float32": 23, "float64": 52}
"""Stored mantissa bits of each float."""
COMPLEX = {"complex64": "float32", "complex128": "float64"}
"""The float of either part."""
INTEGERS = tuple(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64))
DTYPES = (*MANTISSA, *COMPLEX, *INTEGERS, "bool")
"""What a model's input may be. A bfloat16 is carried as a float32 whose low 16 bits are 0."""


class Converted(NamedTuple):
    """An array of the wanted dtype, and whether any of its values was rounded."""

    array: np.ndarray
    rounded: bool


class InexactError(ValueError):
    """An element does not fit; ``index`` is its place, ``()`` for a scalar."""

    def __init__(self, index: tuple[int, ...], *, roundable: bool) -> None:
        """``roundable``: whether ``rounding`` would have made the conversion of this element."""
        super().__init__(index, roundable)
        self.index = index
        self.roundable = roundable


class _Made(NamedTuple):
    """Flat: the new values, which of them are exact, and which are at least correctly rounded."""

    values: np.ndarray
    exact: np.ndarray
    roundable: np.ndarray


def carrier(dtype: str) -> np.dtype:
    """The NumPy dtype that holds ``dtype``."""
    return np.dtype("float32" if dtype == "bfloat16" else dtype)


def convert(array: np.ndarray, dtype: str, *, rounding: bool) -> Converted:
    """``array``, of any dtype of ``DTYPES``, as ``dtype``; in C order, its shape kept.

    Raises ``InexactError`` for the first element that is not exact, or with ``rounding`` cannot be
    rounded.
    """
    flat = array.astype(array.dtype.newbyteorder("="), copy=False).reshape(-1)
    if flat.dtype == carrier(dtype) and dtype != "bfloat16":
        return Converted(np.ascontiguousarray(flat).reshape(array.shape), rounded=False)
    # Subnormals, overflows and NaNs are judged below, not warned of.
    with np.errstate(all="ignore"):
        made = _convert(flat, dtype)
    fits = made.exact | made.roundable if rounding else made.exact
    if not fits.all():
        first = int(np.argmin(fits))
        index = tuple(int(place) for place in np.unravel_index(first, array.shape))
        raise InexactError(index, roundable=bool(made.roundable[first]))
    return Converted(made.values.reshape(array.shape), rounded=not made.exact.all())


def _convert(flat: np.ndarray, dtype: str) -> _Made:
    if dtype in COMPLEX:
        return _to_complex(flat, dtype)
    if flat.dtype.kind == "c":
        real = _convert(np.ascontiguousarray(flat.real), dtype)
        is_real = _bits(np.ascontiguousarray(flat.imag)) == 0
        return _Made(real.values, real.exact & is_real, real.roundable & is_real)
    if flat.dtype.kind == "b":
        every = np.ones(flat.shape, bool)
        return _Made(flat.astype(carrier(dtype)), every, every)
    if dtype == "bool":
        one = flat == 1
        zero = _bits(flat) == 0 if flat.dtype.kind == "f" else flat == 0
        return _Made(one, one | zero, np.zeros(flat.shape, bool))
    if dtype in MANTISSA:
        return _float_to_float(flat, dtype) if flat.dtype.kind == "f" else _to_float(flat, dtype)
    return _float_to_integer(flat, dtype) if flat.dtype.kind == "f" else _in_range(flat, dtype)


def _to_complex(flat: np.ndarray, dtype: str) -> _Made:
    real = _convert(np.ascontiguousarray(flat.real), COMPLEX[dtype])
    values = np.zeros(flat.shape, dtype)
    values.real = real.values
    if flat.dtype.kind != "c":
        return _Made(values, real.exact, real.roundable)
    imaginary = _convert(np.ascontiguousarray(flat.imag), COMPLEX[dtype])
    values.imag = imaginary.values
    exact, roundable = real.exact & imaginary.exact, real.roundable & imaginary.roundable
    return _Made(values, exact, roundable)


def _in_range(flat: np.ndarray, dtype: str) -> _Made:
    """Integers to integers. The bounds are of the source's type: older NumPys compare int64 with
    uint64 as floats."""
    here, there = np.iinfo(flat.dtype), np.iinfo(dtype)
    low, high = max(here.min, there.min), min(here.max, there.max)
    exact = (flat >= flat.dtype.type(low)) & (flat <= flat.dtype.type(high))
    return _Made(flat.astype(dtype), exact, np.zeros(flat.shape, bool))


def _float_to_integer(flat: np.ndarray, dtype: str) -> _Made:
    values, exact = _integers(flat.astype(np.float64), dtype)
    return _Made(values, exact, np.zeros(flat.shape, bool))


def _integers(doubles: np.ndarray, dtype: str) -> tuple[np.ndarray, np.ndarray]:
    """Doubles as integers (0 where they are none), and where they are. The bounds are powers of
    two, so they are exact; a cast outside of them has no defined result and is not made."""
    limits = np.iinfo(dtype)
    exact = (doubles >= float(limits.min)) & (doubles < float(limits.max + 1))
    exact &= (np.trunc(doubles) == doubles) & ~((doubles == 0) & np.signbit(doubles))
    return np.where(exact, doubles, 0).astype(dtype), exact


def _to_float(flat: np.ndarray, dtype: str) -> _Made:
    is_brief = dtype == "bfloat16"
    values = _to_bfloat16(_odd_double(flat)) if is_brief else flat.astype(dtype)
    back, exact = _integers(values.astype(np.float64), flat.dtype.name)
    return _Made(values, exact & (back == flat), np.isfinite(values))


def _float_to_float(flat: np.ndarray, dtype: str) -> _Made:
    source, wanted = flat.dtype.name, carrier(dtype)
    values = _to_bfloat16(flat) if dtype == "bfloat16" else flat.astype(wanted)
    exact = _bits(values.astype(source)) == _bits(flat)
    roundable = ~(np.isinf(values) & ~np.isinf(flat))
    nans = np.flatnonzero(np.isnan(flat))
    if nans.size:
        bits, exact[nans] = _nans(_bits(flat)[nans], source, dtype)
        _bits(values)[nans] = bits
        roundable[nans] = True
    return _Made(values, exact, roundable)


def _nans(bits: np.ndarray, source: str, dtype: str) -> tuple[np.ndarray, np.ndarray]:
    """The bits of NaNs in the carrier of ``dtype``, and which of them keep their payload.

    A payload is aligned to the left. One of which nothing is left becomes a quiet NaN, as no bits
    at all would be an infinity.
    """
    have, keep, width = MANTISSA[source], MANTISSA[dtype], 8 * carrier(dtype).itemsize
    room = MANTISSA[carrier(dtype).name]
    wide = bits.astype(np.uint64)
    payload = wide & _word((1 << have) - 1)
    if keep >= have:
        kept = payload << _word(keep - have)
        exact = np.ones(bits.shape, bool)
    else:
        kept = payload >> _word(have - keep)
        exact = (kept << _word(have - keep) == payload) & (kept != 0)
    kept = np.where(kept == 0, _word(1 << (keep - 1)), kept)
    sign = wide >> _word(8 * bits.dtype.itemsize - 1)
    exponent = _word(((1 << (width - 1 - room)) - 1) << room)
    made = sign << _word(width - 1) | exponent | kept << _word(room - keep)
    return made.astype(f"u{width // 8}"), exact


def _to_bfloat16(flat: np.ndarray) -> np.ndarray:
    """Rounded to bfloat16 once, to nearest even, and carried as float32.

    A double is first brought to float32 by rounding to odd, after which the second rounding
    gives what one rounding would.
    """
    single = flat.astype(np.float32)
    if flat.dtype == np.float64:
        back = single.astype(np.float64)
        bits = _bits(single)
        bits -= (np.abs(back) > np.abs(flat)).astype(np.uint32)
        bits |= (back != flat).astype(np.uint32)
    bits = _bits(single)
    up = np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    special = ~np.isfinite(single)
    rounded = np.where(special, bits, bits + up) & np.uint32(0xFFFF0000)
    return rounded.view(np.float32)


def _odd_double(flat: np.ndarray) -> np.ndarray:
    """Integers as doubles, rounded to odd: what is cut off leaves a 1 in the last bit."""
    negative = flat < 0
    magnitude = np.where(negative, -flat.astype(np.int64), 0).astype(np.uint64)
    magnitude = np.where(negative, magnitude, flat.astype(np.uint64))
    large = magnitude >> _word(53) != 0
    low = magnitude & _word(0x7FF)
    odd = (magnitude - low) | np.where(low != 0, _word(0x800), _word(0))
    doubles = np.where(large, odd, magnitude).astype(np.float64)
    return np.where(negative, -doubles, doubles)


def _bits(flat: np.ndarray) -> np.ndarray:
    """The same memory as unsigned integers."""
    return flat.view(f"u{flat.dtype.itemsize}")


def _word(value: int) -> np.uint64:
    return np.uint64(value)
