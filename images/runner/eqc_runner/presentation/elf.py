"""What the search for instructions needs of an ELF file: segments, build id, functions' bounds.

It is read from the program headers, which the dynamic loader needs too. Sections, which may have
been stripped, only narrow down where code is. Format: System V ABI, AMD64 supplement;
``.eh_frame_hdr``: Linux Standard Base Core.
"""

from __future__ import annotations

import bisect
import struct
from typing import Iterator, NamedTuple, Sequence

MAGIC = b"\x7fELF"
_LOAD, _NOTE, _EH_FRAME_HDR = 1, 4, 0x6474E550
_EXECUTABLE = 1
_EXECUTABLE_SECTION = 4
_NO_CONTENT = 8
_PROGRAM_OR_SHARED = (2, 3)
_X86_64 = 62
_BUILD_ID = 3
_OMIT = 0xFF
_LONG = 0xFFFFFFFF
_SIZES = {0x0: 8, 0x2: 2, 0x3: 4, 0x4: 8, 0xA: 2, 0xB: 4, 0xC: 8}
"""Bytes of a pointer in ``.eh_frame``, by the lower half of its encoding."""


class NotScanned(ValueError):  # noqa: N818 - a reason, kept as a note
    """A file in which nothing is looked for; its text is the reason."""


class Segment(NamedTuple):
    """A part of the file that is mapped: ``size`` bytes at ``offset`` go to ``address``."""

    offset: int
    address: int
    size: int
    executable: bool


class Elf:
    """A program or shared object for x86-64. Raises ``NotScanned`` for anything else.

    ``data`` is the whole file, as ``bytes`` or a memory map.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        headers = _program_headers(data)
        self.segments = tuple(
            Segment(offset, address, min(size, len(data) - offset), bool(flags & _EXECUTABLE))
            for kind, flags, offset, address, size in headers
            if kind == _LOAD and offset < len(data)
        )
        self.build_id = next(
            filter(None, (_build_id(data, h) for h in headers if h[0] == _NOTE)), ""
        )
        self._code = _code_sections(data)
        self._functions = _Starts(self, [h[3] for h in headers if h[0] == _EH_FRAME_HDR])

    def offset(self, address: int) -> int | None:
        """Where in the file the byte of ``address`` is; ``None``: not in the file."""
        for each in self.segments:
            if each.address <= address < each.address + each.size:
                return each.offset + address - each.address
        return None

    def is_code(self, address: int) -> bool:
        """Whether a section of code has the address; true where the file lists no sections.

        One executable segment may hold the whole file, constants and symbols included.
        """
        return not self._code or any(start <= address < end for start, end in self._code)

    def function(self, address: int) -> tuple[int, int] | None:
        """Start and end of the function around ``address``, as the unwinding tables name it.

        ``None``: they name none there, as for most of what was written in assembly.
        """
        index = bisect.bisect_right(self._functions, address) - 1
        if index < 0:
            return None
        start = self._functions[index]
        length = self._length(self._functions.description(index))
        return (start, start + length) if address < start + length else None

    def _length(self, address: int) -> int:
        """Bytes of the function that the frame description at ``address`` describes; 0: unknown."""
        at = self.offset(address)
        try:
            if at is None:
                return 0
            length, back = struct.unpack_from("<II", self.data, at)
            common = at + 4 - back
            if length == _LONG or common < 0:
                return 0
            size = _SIZES[_pointer_encoding(self.data, common) & 0xF]
            found = self.data[at + 8 + size : at + 8 + 2 * size]
            return int.from_bytes(found, "little") if len(found) == size else 0
        except (struct.error, IndexError, KeyError, ValueError):
            return 0


class _Starts:
    """The functions' starts, ascending: the binary search table of ``.eh_frame_hdr``."""

    def __init__(self, elf: Elf, tables: Sequence[int]) -> None:
        self._data, self._count, self._at, self._base = elf.data, 0, 0, 0
        for base in tables:
            at = elf.offset(base)
            # Version 1, and the only encodings in use: a count of 4 bytes, a table of pairs of
            # signed 4-byte offsets from its own start.
            if at is None or self._data[at : at + 1] != b"\1":
                continue
            pointer, count, table = self._data[at + 1 : at + 4]
            size = 0 if pointer == _OMIT else _SIZES.get(pointer & 0xF, 0)
            first = at + 4 + size + 4
            if size and count == 0x03 and table == 0x3B and first <= len(self._data):
                self._count = min(
                    int.from_bytes(self._data[first - 4 : first], "little"),
                    (len(self._data) - first) // 8,
                )
                self._at, self._base = first, base

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> int:
        return self._base + int(struct.unpack_from("<i", self._data, self._at + 8 * index)[0])

    def description(self, index: int) -> int:
        """The address of the frame description of function ``index``."""
        return self._base + int(struct.unpack_from("<i", self._data, self._at + 8 * index + 4)[0])


def _program_headers(data: bytes) -> list[tuple[int, int, int, int, int]]:
    """(type, flags, offset, address, size in the file) of each."""
    head = data[:64]
    if head[:4] != MAGIC:
        raise NotScanned("no ELF file")
    if head[4:5] == b"\1":
        raise NotScanned("32-bit")
    if len(head) < 64 or head[4:6] != b"\2\1":
        raise NotScanned("damaged: no header of 64-bit little-endian ELF")
    kind, machine = struct.unpack_from("<HH", head, 16)
    if machine != _X86_64:
        raise NotScanned(f"of another architecture (ELF machine {machine})")
    if kind not in _PROGRAM_OR_SHARED:
        raise NotScanned(f"neither program nor shared object (ELF type {kind})")
    (first,) = struct.unpack_from("<Q", head, 32)
    size, count = struct.unpack_from("<HH", head, 54)
    if size != 56 or first + size * count > len(data):
        raise NotScanned("damaged: its program headers are not in the file")
    found = []
    for index in range(count):
        header = struct.unpack_from("<IIQQQQ", data, first + size * index)
        found.append((*header[:4], header[5]))
    return found


def _code_sections(data: bytes) -> tuple[tuple[int, int], ...]:
    """Start and end address of each section of instructions; none where sections were stripped."""
    (first,) = struct.unpack_from("<Q", data, 40)
    size, count = struct.unpack_from("<HH", data, 58)
    if size != 64 or not first or first + size * count > len(data):
        return ()
    return tuple(
        (address, address + length)
        for _, kind, flags, address, _, length in _sections(data, first, count)
        if flags & _EXECUTABLE_SECTION and kind != _NO_CONTENT
    )


def _sections(data: bytes, first: int, count: int) -> Iterator[tuple[int, ...]]:
    for index in range(count):
        yield struct.unpack_from("<IIQQQQ", data, first + 64 * index)


def _build_id(data: bytes, header: tuple[int, int, int, int, int]) -> str:
    at, end = header[2], min(header[2] + header[4], len(data))
    while at + 12 <= end:
        name, length, kind = struct.unpack_from("<III", data, at)
        content = at + 12 + (name + 3) // 4 * 4
        if kind == _BUILD_ID and data[at + 12 : at + 16] == b"GNU\0":
            return data[content : content + length].hex()
        at = content + (length + 3) // 4 * 4
    return ""


def _pointer_encoding(data: bytes, common: int) -> int:
    """How the descriptions that share the information at ``common`` encode a function's start."""
    end = data.find(b"\0", common + 9, common + 32)
    if end < 0:
        raise ValueError("no augmentation string")
    letters = data[common + 9 : end]
    if letters[:1] != b"z":
        return 0
    at = end + 1
    for _ in range(4):  # alignments of code and data, return register, length of what follows
        while data[at] & 0x80:
            at += 1
        at += 1
    for letter in letters[1:]:
        if letter == ord("R"):
            return data[at]
        if letter == ord("P"):
            at += _SIZES[data[at] & 0xF]
        at += letter in b"PL"
    return 0
