"""Floats as bit patterns: what they are worth, their order, their steps, exact widening.

NumPy casts are exact but for NaNs, which processors make quiet: here a NaN keeps its payload, its
leading bits aligned to the left. Complex numbers are pairs, their real and imaginary parts, along
one more axis.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from orchestrator.results.tensor_file import COMPLEX, MANTISSA_BITS

Bits = npt.NDArray[np.uint64]
Doubles = npt.NDArray[np.float64]


class Specials(Enum):
    """Which bit patterns are no numbers."""

    IEEE = auto()
    """The highest exponent: an infinity without mantissa bits, else NaNs."""
    ONLY_NAN = auto()
    """All bits but the sign: a NaN. There are no infinities."""
    MINUS_ZERO = auto()
    """The sign alone is the only NaN. There are no infinities and no -0."""
    ALL_ONES = auto()
    """All bits: the only NaN. There is no sign, no zero and no infinity."""


@dataclass(frozen=True)
class FloatFormat:
    """How a float is laid out: sign, exponent, mantissa, from the top."""

    width: int
    """Bits in all."""
    bias: int
    mantissa: int
    specials: Specials = Specials.IEEE

    @property
    def signed(self) -> bool:
        """Whether the top bit is a sign."""
        return self.specials is not Specials.ALL_ONES

    @property
    def smallest(self) -> int:
        """The exponent of two of the smallest number above zero."""
        return 1 - self.bias - self.mantissa if self.signed else -self.bias

    @property
    def largest(self) -> int:
        """The exponent of two of the largest number, rounded down."""
        exponents = (1 << (self.width - self.signed - self.mantissa)) - 1
        return exponents - (self.specials in (Specials.IEEE, Specials.ALL_ONES)) - self.bias

    def holds(self, other: FloatFormat) -> bool:
        """Whether this has every value of ``other``, infinities and zeros included."""
        return (
            self.specials is Specials.IEEE
            and self.mantissa >= other.mantissa
            and self.smallest <= other.smallest
            and self.largest >= other.largest
        )


FORMATS = {
    name: FloatFormat(width, bias, MANTISSA_BITS[name], specials)
    for name, width, bias, specials in (
        ("float16", 16, 15, Specials.IEEE),
        ("bfloat16", 16, 127, Specials.IEEE),
        ("float32", 32, 127, Specials.IEEE),
        ("float64", 64, 1023, Specials.IEEE),
        ("float8_e4m3fn", 8, 7, Specials.ONLY_NAN),
        ("float8_e5m2", 8, 15, Specials.IEEE),
        ("float8_e4m3fnuz", 8, 8, Specials.MINUS_ZERO),
        ("float8_e5m2fnuz", 8, 16, Specials.MINUS_ZERO),
        ("float8_e8m0fnu", 8, 127, Specials.ALL_ONES),
        ("complex64", 32, 127, Specials.IEEE),
        ("complex128", 64, 1023, Specials.IEEE),
    )
}
"""By dtype name; of complex numbers that of either part.

float8 as in the OCP's 8-bit and microscaling specifications, ``fnuz`` as in arXiv:2206.02915.
"""
WIDE = ("float16", "bfloat16", "float32", "float64")
"""What floats are widened to, the narrowest first."""


def narrowest(dtypes: Iterable[str]) -> str:
    """The first of ``WIDE`` that has every value of all ``dtypes``, which are real floats."""
    formats = [FORMATS[dtype] for dtype in dtypes]
    return next(each for each in WIDE if all(map(FORMATS[each].holds, formats)))


def bits_of(dtype: str, array: npt.NDArray[Any]) -> Bits:
    """The bit pattern of each element, right-aligned, in the shape of ``array``.

    Of a complex array those of both parts, in a last axis of two.
    """
    carrier = f"u{FORMATS[dtype].width // 8}"
    shape = (*array.shape, 2) if dtype in COMPLEX else array.shape
    return np.ascontiguousarray(array).reshape(-1).view(carrier).astype(np.uint64).reshape(shape)


def ordered(dtype: str, bits: Bits) -> Bits:
    """Integers in the order of the values: neighbouring floats differ by one.

    Offset by 2^63 so that they are unsigned: the distance of two float64 may need 64 bits. NaNs
    mean nothing there.
    """
    known = FORMATS[dtype]
    zero = np.uint64(1 << 63)
    if not known.signed:
        return zero + bits
    sign = np.uint64(1 << (known.width - 1))
    magnitude = bits & (sign - np.uint64(1))
    return np.where(bits & sign, zero - magnitude, zero + magnitude)


def ulp_distance(dtype: str, a: Bits, b: Bits) -> Bits:
    """Steps between the elements of two arrays of bit patterns; not for NaNs."""
    first, second = ordered(dtype, a), ordered(dtype, b)
    return np.maximum(first, second) - np.minimum(first, second)


def is_nan(dtype: str, bits: Bits) -> npt.NDArray[np.bool_]:
    """Where a bit pattern is a NaN, of any payload."""
    known = FORMATS[dtype]
    sign = 1 << (known.width - 1)
    found: npt.NDArray[np.bool_]
    if known.specials is Specials.MINUS_ZERO:
        found = bits == np.uint64(sign)
    elif known.specials is Specials.ALL_ONES:
        found = bits == np.uint64((1 << known.width) - 1)
    elif known.specials is Specials.ONLY_NAN:
        found = bits & np.uint64(sign - 1) == np.uint64(sign - 1)
    else:
        found = bits & np.uint64(sign - 1) > np.uint64(sign - (1 << known.mantissa))
    return found


def as_values(dtype: str, array: npt.NDArray[Any]) -> Doubles:
    """The elements as float64, exactly (integers beyond 2^53 round), NaNs with their payloads.

    Of a complex array both parts, in a last axis of two.
    """
    if dtype not in FORMATS:
        return np.asarray(array, dtype=np.float64)
    shape = (*array.shape, 2) if dtype in COMPLEX else array.shape
    return _doubles(dtype, np.ascontiguousarray(array).reshape(-1)).reshape(shape)


def from_values(values: Doubles, dtype: str) -> npt.NDArray[Any]:
    """``values``, each of which ``dtype`` (of ``WIDE``) has, in that type or what carries it."""
    if dtype == "float64":
        return values
    flat = values.reshape(-1)
    single = "float32" if dtype == "bfloat16" else dtype
    known = FORMATS[single]
    with np.errstate(invalid="ignore"):
        found = flat.astype(single)
    nans = np.isnan(flat)
    if nans.any():
        bits = bits_of("float64", flat[nans])
        sign = bits >> np.uint64(63) << np.uint64(known.width - 1)
        exponent = np.uint64((1 << (known.width - 1)) - (1 << known.mantissa))
        payload = (bits & np.uint64((1 << 52) - 1)) >> np.uint64(52 - known.mantissa)
        made = (sign | exponent | payload).astype(f"u{known.width // 8}")
        found[nans] = made.view(single)
    if dtype == "bfloat16":
        found = (bits_of(single, found) >> np.uint64(16)).astype(np.uint16)
    return found.reshape(values.shape)


def _doubles(dtype: str, flat: npt.NDArray[Any]) -> Doubles:
    """As ``as_values``, of a flat array."""
    known = FORMATS[dtype]
    if known.width == 8:
        return np.take(_values_of_bytes(dtype), flat)
    if dtype == "bfloat16":
        flat = (flat.astype(np.uint32) << np.uint32(16)).view(np.float32)
    elif dtype in COMPLEX:
        flat = flat.view(COMPLEX[dtype])
    # Casting a signalling NaN sets a flag that NumPy reports.
    with np.errstate(invalid="ignore"):
        values = np.asarray(flat, dtype=np.float64)
    nans = np.isnan(values)
    if values.dtype != flat.dtype and nans.any():
        name = flat.dtype.name
        values[nans] = _wide_nans(FORMATS[name], bits_of(name, flat[nans]))
    return values


def _wide_nans(known: FloatFormat, bits: Bits) -> Doubles:
    """NaNs as float64: one that has no payload in its format is a quiet NaN."""
    if known.specials is Specials.IEEE:
        mantissa = np.uint64((1 << known.mantissa) - 1)
        payload = (bits & mantissa) << np.uint64(52 - known.mantissa)
    else:
        payload = np.full(bits.shape, 1 << 51, dtype=np.uint64)
    sign = bits >> np.uint64(known.width - 1) if known.signed else np.zeros_like(bits)
    made = sign << np.uint64(63) | np.uint64(0x7FF << 52) | payload
    return np.asarray(made.view(np.float64))


@cache
def _values_of_bytes(dtype: str) -> Doubles:
    """What each of the 256 patterns of a float of 8 bits is worth."""
    known = FORMATS[dtype]
    words = np.arange(256, dtype=np.uint64)
    magnitude = words.astype(np.int64) & ((1 << (8 - known.signed)) - 1)
    exponent = magnitude >> known.mantissa
    fraction = magnitude & ((1 << known.mantissa) - 1)
    if known.signed:
        subnormal = exponent == 0
        fraction = np.where(subnormal, fraction, fraction + (1 << known.mantissa))
        exponent = np.where(subnormal, 1, exponent)
    else:
        fraction = np.ones_like(fraction)
    values: Doubles = np.ldexp(fraction.astype(np.float64), exponent - known.bias - known.mantissa)
    if known.specials is Specials.IEEE:
        values[magnitude == 128 - (1 << known.mantissa)] = np.inf
    if known.signed:
        values = np.where(words >> np.uint64(7) == 1, -values, values)
    nans = is_nan(dtype, words)
    values[nans] = _wide_nans(known, words[nans])
    values.flags.writeable = False
    return values
