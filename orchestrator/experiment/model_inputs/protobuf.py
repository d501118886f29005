"""The wire format of Protocol Buffers (protobuf.dev/programming-guides/encoding).

A message is a sequence of (number, kind, value). What is not wanted, weights above all, is skipped
by its length, so that a file of any size is read in the time of its structure.
"""

from __future__ import annotations

from collections.abc import Iterator

Value = int | memoryview


def text(message: memoryview, wanted: int) -> str:
    """The last text of field ``wanted``, as a reader takes it; empty where there is none."""
    found = parts(message, wanted)
    return bytes(found[-1]).decode() if found else ""


def number(message: memoryview, wanted: int) -> int | None:
    """The last number of field ``wanted``; ``None`` where there is none."""
    found = [value for place, value in fields(message) if place == wanted]
    return found[-1] if found and isinstance(found[-1], int) else None


def parts(message: memoryview, wanted: int) -> list[memoryview]:
    """The embedded messages and texts of field ``wanted``."""
    return [
        value
        for number, value in fields(message)
        if number == wanted and isinstance(value, memoryview)
    ]


def fields(message: memoryview) -> Iterator[tuple[int, Value]]:
    """(number, value) of each field. ValueError or IndexError where this is no message."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        kind = tag & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield tag >> 3, value
            continue
        if kind == 2:
            length, at = _varint(message, at)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise ValueError(f"a field of kind {kind}")
        if at + length > len(message):
            raise ValueError("a field is cut off")
        yield tag >> 3, message[at : at + length]
        at += length


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """An unsigned number of at most ten bytes, seven bits in each, and where the next begins."""
    value = 0
    for shift in range(0, 70, 7):
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("a number of more than ten bytes")
