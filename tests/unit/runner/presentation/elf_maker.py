"""Tiny ELF shared objects, made byte by byte: no compiler is needed."""

from __future__ import annotations

import struct

ADDRESS = 0x1000
"""Of the first byte of the code, which the file has at offset 0x1000."""
_TABLES = 0x200
_EXECUTABLE, _READABLE = 5, 4


def shared_object(
    code: bytes,
    functions: tuple[tuple[int, int], ...] = (),
    *,
    build_id: bytes = b"",
    data_from: int | None = None,
    machine: int = 62,
    kind: int = 3,
) -> bytes:
    """A shared object with ``code`` at ``ADDRESS``.

    ``functions`` are (offset in the code, bytes) of those that the unwinding tables name.
    ``data_from``: sections are listed, and the code's ends at that offset; ``None``: stripped.
    """
    tables, header_at = _unwinding(functions) if functions else (b"", _TABLES)
    note_at = _TABLES + len(tables)
    note = struct.pack("<III4s", 4, len(build_id), 3, b"GNU\0") + build_id if build_id else b""
    headers = [(1, _READABLE, 0, 0, ADDRESS), (1, _EXECUTABLE, ADDRESS, ADDRESS, len(code))]
    if functions:
        headers.append((0x6474E550, _READABLE, header_at, header_at, note_at - header_at))
    if note:
        headers.append((4, _READABLE, note_at, note_at, len(note)))
    sections = b""
    if data_from is not None:
        sections = bytes(64) + struct.pack(
            "<IIQQQQIIQQ", 0, 1, 6, ADDRESS, ADDRESS, data_from, 0, 0, 1, 0
        )
    sections_at = ADDRESS + len(code) if sections else 0
    ident = b"\x7fELF\2\1\1" + bytes(9)
    head = ident + struct.pack(
        "<HHIQQQIHHHHHH",
        *(
            kind,
            machine,
            1,
            0,
            64,
            sections_at,
            0,
            64,
            56,
            len(headers),
            64,
            len(sections) // 64,
            0,
        ),
    )
    packed = b"".join(
        struct.pack("<IIQQQQQQ", k, flags, offset, address, address, size, size, 0x1000)
        for k, flags, offset, address, size in headers
    )
    content = (head + packed).ljust(_TABLES, b"\0") + tables + note
    assert len(content) <= ADDRESS
    return content.ljust(ADDRESS, b"\0") + code + sections


def _unwinding(functions: tuple[tuple[int, int], ...]) -> tuple[bytes, int]:
    """``.eh_frame`` and behind it ``.eh_frame_hdr``, which is at the returned address."""
    common = struct.pack("<II", 0, 0) + b"\1zR\0\1\x78\x10\1\x1b"
    common = common.ljust(20, b"\0")  # with "no operation"
    frame = struct.pack("<I", len(common) - 4) + common[4:]
    entries = []
    for start, size in functions:
        at = _TABLES + len(frame)
        pointer = ADDRESS + start - (at + 8)
        body = struct.pack("<IiIB", len(frame) + 4, pointer, size, 0).ljust(16, b"\0")
        entries.append((ADDRESS + start, at))
        frame += struct.pack("<I", len(body)) + body
    base = _TABLES + len(frame)
    header = struct.pack("<BBBBiI", 1, 0x1B, 0x03, 0x3B, _TABLES - (base + 4), len(entries))
    for start, at in sorted(entries):
        header += struct.pack("<ii", start - base, at - base)
    return frame + header, base
