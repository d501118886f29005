"""The value of an element from its bits, and its bits from a value, in whole numbers and fractions.

An oracle: nothing here converts by NumPy or by the processor.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np

FLOATS = {"float16": (5, 10), "bfloat16": (8, 7), "float32": (8, 23), "float64": (11, 52)}
"""Bits of the exponent and of the mantissa."""
COMPLEX = {"complex64": "float32", "complex128": "float64"}


class Real(NamedTuple):
    """``kind`` is ``finite``, ``infinity`` or ``nan``, whose size is its payload in [0, 1)."""

    kind: str
    negative: bool
    size: Fraction


Value = tuple[Real, Real]
"""Real and imaginary part."""
ZERO = Real("finite", False, Fraction(0))


def width(dtype: str) -> int:
    """Bits of an element."""
    if dtype in FLOATS:
        return 1 + sum(FLOATS[dtype])
    return 8 * np.dtype(dtype).itemsize


def value_of(bits: int, dtype: str) -> Value:
    if dtype in COMPLEX:
        half = width(COMPLEX[dtype])
        low, high = bits & ((1 << half) - 1), bits >> half
        return _real(low, COMPLEX[dtype]), _real(high, COMPLEX[dtype])
    return _real(bits, dtype), ZERO


def bits_of(value: Value, dtype: str) -> int | None:
    """The bits that have exactly this value; ``None``: there are none."""
    real, imaginary = value
    if dtype in COMPLEX:
        parts = [_bits(part, COMPLEX[dtype]) for part in value]
        if None in parts:
            return None
        return int(parts[0]) | int(parts[1]) << width(COMPLEX[dtype])  # type: ignore[arg-type]
    return _bits(real, dtype) if imaginary == ZERO else None


def rounded(real: Real, dtype: str) -> int | None:
    """A float's bits, rounded to nearest even; ``None`` where that overflows."""
    exponent_bits, mantissa = FLOATS[dtype]
    sign = int(real.negative) << (exponent_bits + mantissa)
    if real.kind == "infinity":
        return sign | ((1 << exponent_bits) - 1) << mantissa
    if real.kind == "nan":
        payload = int(real.size * 2**mantissa) or 1 << (mantissa - 1)
        return sign | ((1 << exponent_bits) - 1) << mantissa | payload
    bias = (1 << (exponent_bits - 1)) - 1
    # The place of the last bit: that of subnormals, or that below the leading bit.
    size = real.size  # its denominator is a power of two
    leading = size.numerator.bit_length() - size.denominator.bit_length()
    last = max(leading - mantissa, 1 - bias - mantissa) if size else 1 - bias - mantissa
    whole = round(size / Fraction(2) ** last)  # Python rounds halves to even
    # A whole of 2^(mantissa + 1) carries into the exponent by itself.
    bits = whole + ((last - (1 - bias - mantissa)) << mantissa)
    return sign | bits if bits < ((1 << exponent_bits) - 1) << mantissa else None


def _real(bits: int, dtype: str) -> Real:
    if dtype not in FLOATS:
        signed = dtype.startswith("int") and bits >> (width(dtype) - 1)
        number = bits - (1 << width(dtype)) if signed else bits
        return Real("finite", number < 0, Fraction(abs(number)))
    exponent_bits, mantissa = FLOATS[dtype]
    negative = bool(bits >> (exponent_bits + mantissa))
    exponent = bits >> mantissa & ((1 << exponent_bits) - 1)
    fraction = bits & ((1 << mantissa) - 1)
    if exponent == (1 << exponent_bits) - 1:
        return Real("nan" if fraction else "infinity", negative, Fraction(fraction, 2**mantissa))
    bias = (1 << (exponent_bits - 1)) - 1
    whole = fraction + (1 << mantissa if exponent else 0)
    scale = Fraction(2) ** (max(exponent, 1) - bias - mantissa)
    return Real("finite", negative, whole * scale)


def _bits(real: Real, dtype: str) -> int | None:
    if dtype in FLOATS:
        bits = rounded(real, dtype)
        return bits if bits is not None and _real(bits, dtype) == real else None
    if real.kind != "finite" or real.size.denominator != 1 or (real.negative and not real.size):
        return None
    number = int(-real.size if real.negative else real.size)
    least = -(1 << (width(dtype) - 1)) if dtype.startswith("int") else 0
    most = 1 if dtype == "bool" else least + (1 << width(dtype)) - 1
    return number & ((1 << width(dtype)) - 1) if least <= number <= most else None
