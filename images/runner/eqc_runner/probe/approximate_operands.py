"""The fixed operands of ``approximation``: docs/formats.md, section 4, has them in words.

They are bit patterns in equal steps. A step that is odd and no divisor of a power of two meets
every pattern of the low bits, and one that is shorter than 2**11 in float32 every pattern of the
leading 12 bits of the mantissa. Another set of operands needs other names of the instructions:
digests of one name are compared.
"""

from __future__ import annotations

import struct
from array import array
from functools import lru_cache

from .approximate_code import (
    ANGLES,
    DOUBLE,
    EXPONENTS,
    HALF,
    LOGARITHMS,
    NEAR_ONE,
    RATIOS,
    SINGLE,
)

_MULTIPLE = 64
"""Bytes of the largest vector register: sets of vector operands are filled up to it."""
_SIGN32, _SIGN64 = 1 << 31, 1 << 63


@lru_cache(maxsize=None)
def operands(name: str) -> bytes:
    """The operands of a set, little-endian, a multiple of 64 bytes. Raises ``KeyError``."""
    return _SETS[name]()


def _single() -> bytes:
    one, four = 0x3F800000, 0x40800000
    found = array("I", range(one, four, 1021))
    found.extend(range(one, four, 1 << 11))  # exactly the leading 12 bits of the mantissa
    found.extend(range(0, 1 << 32, (1 << 20) - 1))  # every exponent, both signs, NaNs
    found.extend(_both(_SPECIAL32, _SIGN32))
    return _filled(found)


def _double() -> bytes:
    one, four = 0x3FF0000000000000, 0x4010000000000000
    found = array("Q", range(one, four, (1 << 40) - 87))
    found.extend(range(one, four, 1 << 41))
    found.extend(range(0, 1 << 64, (1 << 52) - 47))
    found.extend(_both(_SPECIAL64, _SIGN64))
    return _filled(found)


def _half() -> bytes:
    return _filled(array("H", range(1 << 16)))  # all that there are


def _angles() -> bytes:
    """FSIN and its kin leave what is beyond 2**63 as it is, and push nothing then."""
    return _filled(array("Q", _both([0, 1, *_between(2.0**-40, 2.0**62, 509)], _SIGN64)))


def _exponents() -> bytes:
    """F2XM1 is defined from -1 to 1."""
    return _filled(array("Q", _both([0, 1, *_between(2.0**-66, 1.0, 509), _bits(1.0)], _SIGN64)))


def _logarithms() -> bytes:
    """Pairs of x and y for y * log2(x)."""
    found = [_bits(x) for x in (1.0, 2.0, 0.5, 3.0)]
    found += [*_between(2.0**-1000, 2.0**1000, 509), *_between(0.5, 2.0, 509)]
    return _pairs(found)


def _near_one() -> bytes:
    """Pairs of x and y for y * log2(x + 1), |x| < 1 - sqrt(1/2)."""
    return _pairs(_both([0, *_between(2.0**-66, 0.29, 509)], _SIGN64))


def _ratios() -> bytes:
    """Pairs of x and y for the angle of (x, y), in all four quadrants."""
    return _pairs(_both([0, _bits(1.0), *_between(2.0**-40, 2.0**40, 509)], _SIGN64))


_SETS = {
    SINGLE: _single,
    DOUBLE: _double,
    HALF: _half,
    ANGLES: _angles,
    EXPONENTS: _exponents,
    LOGARITHMS: _logarithms,
    NEAR_ONE: _near_one,
    RATIOS: _ratios,
}
# Zero, the smallest and largest denormal, the smallest and largest normal number, infinity, a
# quiet and a signalling NaN, 2**126 and 2**127 (2**1022 and 2**1023): reciprocals are denormal.
_SPECIAL32 = (
    *(0x00000000, 0x00000001, 0x007FFFFF, 0x00800000, 0x7F7FFFFF),
    *(0x7F800000, 0x7FC00001, 0x7F800001, 0x7E800000, 0x7F000000),
)
_SPECIAL64 = (
    *(0x0000000000000000, 0x0000000000000001, 0x000FFFFFFFFFFFFF, 0x0010000000000000),
    *(0x7FEFFFFFFFFFFFFF, 0x7FF0000000000000, 0x7FF8000000000001, 0x7FF0000000000001),
    *(0x7FD0000000000000, 0x7FE0000000000000),
)


def _between(first: float, last: float, count: int) -> list[int]:
    """The patterns of ``count`` float64 from ``first``, below ``last``, in equal odd steps."""
    start, stop = _bits(first), _bits(last)
    step = (stop - start) // count | 1
    return list(range(start, stop, step))[:count]


def _pairs(first: list[int]) -> bytes:
    """Each with a partner from 1 to 2**20 of alternating sign, in an order of its own."""
    partners = _both(_between(1.0, 2.0**20, (len(first) + 1) // 2), _SIGN64)[: len(first)]
    found = array("Q")
    for place, x in enumerate(first):
        found.extend((x, partners[place * 7 % len(partners)]))
    return _filled(found)


def _both(patterns: tuple[int, ...] | list[int], sign: int) -> list[int]:
    """Each with either sign, one after the other."""
    return [one for pattern in patterns for one in (pattern, pattern | sign)]


def _bits(value: float) -> int:
    return int(struct.unpack("<Q", struct.pack("<d", value))[0])


def _filled(found: array[int]) -> bytes:
    """Little-endian bytes, filled up with the first operands."""
    size = found.itemsize
    while len(found) * size % _MULTIPLE:
        found.append(found[0])
    return found.tobytes()
