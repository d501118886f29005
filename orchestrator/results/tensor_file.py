"""The file of a tensor, its digest and its chain: docs/formats.md, section 1.

The runner's chain is written for speed; this one goes one bit plane at a time, and is meant for
imported and widened outputs, not for activations. A test holds both equal.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from blake3 import blake3

from orchestrator.system.counted import counted

WIDTH = {
    "float16": 2,
    "bfloat16": 2,
    "float32": 4,
    "float64": 8,
    "float8_e4m3fn": 1,
    "float8_e5m2": 1,
    "float8_e4m3fnuz": 1,
    "float8_e5m2fnuz": 1,
    "float8_e8m0fnu": 1,
    "complex64": 8,
    "complex128": 16,
    "int4": 1,
    "uint4": 1,
    "int8": 1,
    "int16": 2,
    "int32": 4,
    "int64": 8,
    "uint8": 1,
    "uint16": 2,
    "uint32": 4,
    "uint64": 8,
    "bool": 1,
}
"""Bytes of an element, by dtype name. An integer of 4 bits takes one, as its value there."""

MANTISSA_BITS = {
    "float16": 10,
    "bfloat16": 7,
    "float32": 23,
    "float64": 52,
    "float8_e4m3fn": 3,
    "float8_e5m2": 2,
    "float8_e4m3fnuz": 3,
    "float8_e5m2fnuz": 2,
    "float8_e8m0fnu": 0,
    "complex64": 23,
    "complex128": 52,
}
"""Stored mantissa bits of each float; of complex numbers those of either part."""

COMPLEX = {"complex64": "float32", "complex128": "float64"}
"""The float of which real and imaginary part are."""

CARRIERS = {
    "bfloat16": "uint16",
    "float8_e4m3fn": "uint8",
    "float8_e5m2": "uint8",
    "float8_e4m3fnuz": "uint8",
    "float8_e5m2fnuz": "uint8",
    "float8_e8m0fnu": "uint8",
    "int4": "int8",
    "uint4": "uint8",
}
"""The NumPy dtype that holds values of a type that NumPy has not."""

TILE = 1 << 17
"""Elements whose bits are interleaved together; part of the format."""


def tensor_file(dtype: str, shape: tuple[int, ...], data: bytes) -> bytes:
    """The tensor file of little-endian C-order ``data``: a header line and the bytes.

    Raises ``ValueError`` where the dtype is unknown or ``data`` has another length than
    ``dtype`` and ``shape`` ask for.
    """
    if dtype not in WIDTH:
        raise ValueError(f"dtype {dtype!r} is none of {', '.join(WIDTH)}")
    if any(size < 0 for size in shape):
        raise ValueError(f"shape {shape} has a negative size")
    expected = int(np.prod(shape, dtype=np.int64)) * WIDTH[dtype]
    if len(data) != expected:
        raise ValueError(f"{counted(len(data), 'byte')}, but {dtype}{list(shape)} takes {expected}")
    return _header(dtype, shape) + data


def digest(file: bytes) -> str:
    """64 hex digits: BLAKE3 of a whole tensor file."""
    return blake3(file).hexdigest()


def chain(dtype: str, shape: tuple[int, ...], data: bytes) -> list[str] | None:
    """D0…Dm as 16 hex digits each, or ``None`` for a tensor that is no float.

    The words of a complex tensor are its real and imaginary parts, in turn.
    """
    mantissa = MANTISSA_BITS.get(dtype)
    if mantissa is None:
        return None
    width = WIDTH[COMPLEX.get(dtype, dtype)]
    words = np.frombuffer(data, dtype=f"<u{width}").astype(np.uint64)
    bits = 8 * width
    state = blake3(_header(dtype, shape))
    whole_top_byte = bits - mantissa > 8
    if whole_top_byte:
        state.update((words >> np.uint64(bits - 8)).astype(np.uint8).tobytes())
    for bit in range(bits - 1 - 8 * whole_top_byte, mantissa - 1, -1):
        state.update(_plane(words, bit))
    links = [state.digest()]
    for bit in range(mantissa - 1, -1, -1):
        links.append(blake3(links[-1] + _plane(words, bit)).digest())
    return [link[:8].hex() for link in links]


def _header(dtype: str, shape: tuple[int, ...]) -> bytes:
    header = {"dtype": dtype, "shape": list(shape)}
    return json.dumps(header, separators=(",", ":")).encode() + b"\n"


def _plane(words: npt.NDArray[np.uint64], bit: int) -> bytes:
    return b"".join(_tiles((words >> np.uint64(bit) & np.uint64(1)).astype(np.uint8)))


def _tiles(bits: npt.NDArray[np.uint8]) -> Iterator[bytes]:
    """In a tile of n elements, K = ceil(n / 8): bit r of byte j is element r * K + j."""
    for start in range(0, bits.size, TILE):
        tile = bits[start : start + TILE]
        length = -(-tile.size // 8)
        padded = np.zeros(8 * length, dtype=np.uint8)
        padded[: tile.size] = tile
        yield np.packbits(padded.reshape(8, length), axis=0, bitorder="little").tobytes()
