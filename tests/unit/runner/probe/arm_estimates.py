"""Arm's estimates by the pseudocode of its manual, and a program that runs a loop."""

from __future__ import annotations

import struct
from typing import NamedTuple


class Format(NamedTuple):
    """An IEEE 754 format of the estimates."""

    bits: int
    fraction: int
    exponent: int
    """Bits of the exponent."""
    reciprocal: int
    """Exponent of a reciprocal: this minus the operand's."""
    root: int

    @property
    def largest(self) -> int:
        return (1 << self.exponent) - 1


FORMATS = {
    "8h": Format(16, 10, 5, 29, 44),
    "4s": Format(32, 23, 8, 253, 380),
    "2d": Format(64, 52, 11, 2045, 3068),
}


def reciprocal(pattern: int, form: Format) -> int:
    """FPRecipEstimate with FPCR 0, on bit patterns."""
    sign, exponent, fraction = _parts(pattern, form)
    special = _special(sign, exponent, fraction, form)
    if special is not None:
        return special
    if exponent == 0 and fraction >> 50 == 0:
        return _joined(sign, form.largest, 0, form)  # the reciprocal overflows
    if exponent == 0:
        if fraction >> 51 == 0:
            exponent, fraction = -1, fraction << 2 & _FRACTION
        else:
            fraction = fraction << 1 & _FRACTION
    estimate = (1 << 19) // ((256 | fraction >> 44) * 2 + 1)
    fraction, result = ((estimate + 1) // 2 & 255) << 44, form.reciprocal - exponent
    if result == 0:
        fraction = 1 << 51 | fraction >> 1
    elif result == -1:
        result, fraction = 0, 1 << 50 | fraction >> 2
    return _joined(sign, result, fraction, form)


def reciprocal_root(pattern: int, form: Format) -> int:
    """FPRSqrtEstimate with FPCR 0, on bit patterns."""
    sign, exponent, fraction = _parts(pattern, form)
    nan = exponent == form.largest and fraction
    if not nan and sign and (exponent or fraction):
        return _joined(0, form.largest, 1 << 51, form)  # the default NaN
    special = _special(sign, exponent, fraction, form)
    if special is not None:
        return special
    if exponent == 0:
        while fraction >> 51 == 0:
            fraction, exponent = fraction << 1 & _FRACTION, exponent - 1
        fraction = fraction << 1 & _FRACTION
    odd = exponent & 1
    scaled = 128 | fraction >> 45 if odd else 256 | fraction >> 44
    scaled = scaled * 2 + 1 if scaled < 256 else (scaled // 2 * 2 + 1) * 2
    root = 512
    while scaled * (root + 1) ** 2 < 1 << 28:
        root += 1
    return _joined(0, (form.root - exponent) // 2, ((root + 1) // 2 & 255) << 44, form)


def program(code: bytes, operands: bytes, turns: int, room: int) -> bytes:
    """An ELF file for arm64 Linux that runs ``code`` as a loop and writes its results to stdout."""
    begin, count = 120, 14
    where = begin + count * 4
    data = where + len(code)
    words = [
        _adr(0, data - begin),
        _adr(1, data + len(operands) - begin - 4),
        *_wide(2, turns),
        0x94000000 | (where - begin - 16) // 4,  # bl to the loop
        0xD2800020,  # movz x0, 1: stdout
        _adr(1, data + len(operands) - begin - 24),
        *_wide(2, room),
        0xD2800808,  # movz x8, 64: write
        0xD4000001,  # svc 0
        0xD2800000,  # movz x0, 0
        0xD2800BA8,  # movz x8, 93: exit
        0xD4000001,
    ]
    assert len(words) == count
    text = struct.pack(f"<{count}I", *words) + code + operands
    base, size = 0x400000, begin + len(text)
    ident = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    header = struct.pack("<HHIQQQIHHHHHH", 2, 183, 1, base + begin, 64, 0, 0, 64, 56, 1, 64, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 7, 0, base, base, size, size + room, 0x1000)
    return ident + header + segment + text


_FRACTION = (1 << 52) - 1


def _adr(register: int, offset: int) -> int:
    return 0x10000000 | (offset & 3) << 29 | (offset >> 2 & 0x7FFFF) << 5 | register


def _wide(register: int, value: int) -> list[int]:
    """movz, movk: a number of 32 bits."""
    low, high = value & 0xFFFF, value >> 16
    return [0xD2800000 | low << 5 | register, 0xF2A00000 | high << 5 | register]


def _parts(pattern: int, form: Format) -> tuple[int, int, int]:
    """Sign, exponent and the fraction, widened to 52 bits."""
    fraction = pattern & ((1 << form.fraction) - 1)
    exponent = pattern >> form.fraction & form.largest
    return pattern >> (form.bits - 1), exponent, fraction << (52 - form.fraction)


def _joined(sign: int, exponent: int, fraction: int, form: Format) -> int:
    return sign << (form.bits - 1) | exponent << form.fraction | fraction >> (52 - form.fraction)


def _special(sign: int, exponent: int, fraction: int, form: Format) -> int | None:
    if exponent == form.largest:
        if fraction:
            return _joined(sign, exponent, fraction | 1 << 51, form)  # quiet, payload kept
        return _joined(sign, 0, 0, form)
    if exponent == 0 and fraction == 0:
        return _joined(sign, form.largest, 0, form)
    return None
