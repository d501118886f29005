"""Where the machine code of a file, or of memory, has approximate instructions.

Candidates are found by their bytes and taken where most decodings that begin shortly before them
meet them as an instruction. Needs capstone.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from pathlib import Path

import capstone

NAMES = re.compile(
    r"v?rcp[ps]s|v?rsqrt[ps]s|v(rcp|rsqrt)(14|28)[ps][sd]|vexp2p[sd]|v(rcp|rsqrt)[ps]h"
    r"|fsin|fcos|fsincos|fptan|fpatan|f2xm1|fyl2x|fyl2xp1"
)
_CANDIDATES = re.compile(
    rb"\x0f[\x52\x53]"  # RCPPS, RSQRTPS and their scalar forms
    rb"|\xc5.[\x52\x53]|\xc4.[\x78-\x7f\xf8-\xff\x00-\x7f][\x52\x53]"  # with VEX
    rb"|\x62...[\x4c-\x4f\xc8\xca-\xcd]"  # with EVEX
    rb"|\xd9[\xfe\xff\xfb\xf2\xf3\xf0\xf1\xf9]",
    re.DOTALL,
)
_DECODER = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
_BEFORE = range(24, 120, 6)


def sites(code: bytes, x87: bool = True) -> Iterator[tuple[int, str]]:
    """(offset, instruction) in ``code``, ascending."""
    done = -1
    for match in _CANDIDATES.finditer(code):
        first = match.start()
        if code[first] == 0xD9 and not x87:
            continue
        for start in (first - 1, first - 2, first):  # prefixes: REX, F3
            if start <= done or start < 0:
                continue
            name = _named(code, start)
            if name and _voted(code, start):
                done = first
                yield start, name
                break


def sites_of_file(path: Path) -> list[tuple[int, str]]:
    """(virtual address, instruction) in the executable segments of an ELF file."""
    raw = path.read_bytes()
    offset, size, number = (*struct.unpack_from("<Q", raw, 32), *struct.unpack_from("<HH", raw, 54))
    found = []
    for place in range(number):
        kind, flags, start, address, _, length = struct.unpack_from(
            "<IIQQQQ", raw, offset + place * size
        )
        if kind == 1 and flags & 1:
            code = raw[start : start + length]
            found += [(address + at, name) for at, name in sites(code)]
    return found


def _named(code: bytes, start: int) -> str | None:
    for _, _, name, _ in _DECODER.disasm_lite(code[start : start + 15], 0, 1):
        return name if NAMES.fullmatch(name) else None
    return None


def _voted(code: bytes, place: int) -> bool:
    """Whether most decodings from places before it begin an instruction there."""
    votes = 0
    for back in _BEFORE:
        start = max(0, place - back)
        for address, _, _, _ in _DECODER.disasm_lite(code[start : place + 15], start):
            if address >= place:
                votes += address == place
                break
    return votes * 2 > len(_BEFORE)
