"""The precision chain of a float tensor, and its digest, in about one pass over its data.

``D0 = BLAKE3(header, E)``, ``Dp = BLAKE3(Dp-1, P(p))`` for p = 1...m, with P(p) the plane of
mantissa bit p, most significant first. The next hash gets all 32 bytes of ``Dp-1``; what is
returned is the first 8 bytes of each in hex. ``header`` is the tensor file's header line, newline
included.

*Planes.* Elements are taken in C order and cut into tiles of 131,072, the last one shorter. In a
tile of n elements let K = ceil(n / 8): bit r (of value 2**r) of byte j of the tile's plane is the
bit of element r*K + j, or 0 where there is no such element. A plane is the bytes of all tiles.

*E*, sign and exponent. Where they take more than the top byte of an element (bfloat16, float32,
float64) E starts with the top byte of every element in C order; then come the planes of the sign
and exponent bits that are left (bfloat16, float32: 1; float64: 4; any other: all), most
significant first. The elements of a complex tensor are its real and imaginary parts, in turn.

The tile and the assignment of elements to bits are part of the format (docs/formats.md, section
1). They are chosen so that NumPy is fast without compiled code: eight rows of a tile are eight
contiguous pieces, byte b of every element is what a cast (which is vectorised) keeps of the words
that start b bytes later, and 8x8 bit blocks are transposed by three butterfly steps on rows, 64
bits at a time. Taking the top byte unchanged saves a quarter of these steps.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Callable

import numpy as np
from blake3 import blake3

from eqc_runner.digest import digest

if TYPE_CHECKING:
    from eqc_runner.tensor import Tensor

TILE = 1 << 17
"""Elements in a tile. Part of the format; small enough that a tile of float32 and the scratch
arrays of its transposition take 1 MiB, which a second-level cache may hold, and large enough that
calls of NumPy cost little in comparison with the work."""

MANTISSA_BITS: dict[str, int] = {
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
"""Stored bits of each float; of complex numbers those of either part."""

_PARTS = {"complex64": "<f4", "complex128": "<f8"}

_BUTTERFLIES = tuple(
    (distance, np.array(distance, dtype=np.uint64), np.array(mask, dtype=np.uint64))
    for distance, mask in (
        (4, 0x0F0F0F0F0F0F0F0F),
        (2, 0x3333333333333333),
        (1, 0x5555555555555555),
    )
)
"""For each step: the distance of the two rows that exchange bits, the same as the shift in bits,
and the mask of the first row's bits that stay. Arrays, which ufuncs take faster than scalars."""

_BUFFER = 256
"""Elements that NumPy may buffer meanwhile, instead of 8,192: ufuncs over several rows that are
shorter than the buffer copy them there and back, which takes as long as their work."""

_WORTH_A_THREAD = 1 << 22
"""Bytes of a tensor from which two threads take less time than one: starting one takes 0.1 ms."""

_LINK = 32
"""Bytes before each plane, for the link that is hashed with it."""

_SKEW = 64
"""Bytes added to each row of planes. Without them rows might be a power of two apart, fall into
the same cache sets and be written at half the speed."""


def chain(tensor: Tensor) -> list[str] | None:
    """D0...Dm as 16 hex digits each (m + 1 values), or ``None`` for a dtype that is not a float.

    Allocates as much memory as the tensor has, and keeps up to 256 MiB of it per thread for the
    next call.
    """
    if tensor.dtype not in MANTISSA_BITS:
        return None
    return _links(tensor, lambda _: None)


def digest_and_chain(tensor: Tensor, threads: int | None = None) -> tuple[str, list[str] | None]:
    """What ``digest`` and ``chain`` give, in less time than both.

    One thread hashes each tile right before it transposes it, and then finds it in the cache. Two
    ``threads`` share the tiles, then one hashes the tensor and the other its planes; the second
    one has ended when this returns. Without a number there are two where ``_threads`` says so.
    """
    if tensor.dtype not in MANTISSA_BITS:
        return digest(tensor), None
    if (threads or _threads(tensor)) > 1:
        return _by_two_threads(tensor)
    state = blake3(tensor.header())
    links = _links(tensor, lambda tile: state.update(tile.data))
    return str(state.hexdigest()), links


def _threads(tensor: Tensor) -> int:
    """Two for a large tensor, while a processor that this process may use has nothing to do."""
    if tensor.array.nbytes < _WORTH_A_THREAD or not hasattr(os, "sched_getaffinity"):
        return 1
    try:
        running = int(Path("/proc/loadavg").read_text().split()[3].partition("/")[0])
    except (OSError, ValueError, IndexError):
        return 1
    # This thread is one of those that are running.
    return 2 if running < len(os.sched_getaffinity(0)) else 1


def _by_two_threads(tensor: Tensor) -> tuple[str, list[str]]:
    """``digest_and_chain`` in half the time, where there are two processors."""
    words = _Words(tensor)
    scratch = _scratch(words.bits + 8 * words.kept, words.width)
    planes, tops = scratch[: words.bits], scratch[words.bits :].reshape(-1)

    def keep_top(start: int, top: np.ndarray) -> None:
        tops[start : start + top.size] = top

    starts = range(0, words.count, TILE)
    middle = len(starts) // 2
    with ThreadPoolExecutor(1) as other:
        transposed = other.submit(words.transpose, planes, starts[middle:], _ignore, keep_top)
        words.transpose(planes, starts[:middle], _ignore, keep_top)
        name = other.submit(digest, tensor)
        transposed.result()
        state = blake3(tensor.header())
        if words.kept:
            state.update(tops[: words.count].data)
        links = words.links(state, planes)
        return name.result(), links


def _ignore(tile: np.ndarray) -> None:
    """The tile is hashed elsewhere."""


def _links(tensor: Tensor, feed: Callable[[np.ndarray], object]) -> list[str]:
    """The chain of a float tensor; ``feed`` gets the bytes of every tile, in order."""
    words = _Words(tensor)
    planes = _scratch(words.bits, words.width)
    state = blake3(tensor.header())
    starts = range(0, words.count, TILE)
    words.transpose(planes, starts, feed, lambda _, top: state.update(top.data))
    return words.links(state, planes)


class _Words:
    """The elements of a float tensor, or their parts, as little-endian words."""

    def __init__(self, tensor: Tensor) -> None:
        words = tensor.data()
        if tensor.dtype in _PARTS:
            words = words.view(_PARTS[tensor.dtype])
        self._itemsize = words.dtype.itemsize
        self._mantissa = MANTISSA_BITS[tensor.dtype]
        self._content = words.view(np.uint8)
        self.count = words.size
        self.kept = int(8 * self._itemsize - self._mantissa > 8)
        """1 if the top bytes of all elements have no planes."""
        self.bits = 8 * (self._itemsize - self.kept)
        """That have planes."""
        whole, rest = divmod(self.count, TILE)
        self._length = whole * (TILE // 8) + -(-rest // 8)
        self.width = _LINK + -(-self._length // 64) * 64 + _SKEW
        """Bytes of memory for a plane."""

    def transpose(
        self,
        planes: np.ndarray,
        starts: range,
        feed: Callable[[np.ndarray], object],
        feed_top: Callable[[int, np.ndarray], object],
    ) -> None:
        """Transpose the tiles at ``starts`` to ``planes`` (bits, width), bit 0 first.

        ``feed`` gets their bytes before, ``feed_top`` their start and the top bytes of their
        elements after, where these have no planes. The first ``_LINK`` bytes of each plane are
        left alone. Several threads may do it at once.
        """
        buffer = np.setbufsize(_BUFFER)
        try:
            for start in starts:
                self._transpose_tile(planes, start, feed, feed_top)
        finally:
            np.setbufsize(buffer)

    def _transpose_tile(
        self,
        planes: np.ndarray,
        start: int,
        feed: Callable[[np.ndarray], object],
        feed_top: Callable[[int, np.ndarray], object],
    ) -> None:
        size = self._itemsize
        elements = min(TILE, self.count - start)
        transpose = _transposition(size, -(-elements // 8), self.kept)
        tile = self._content[start * size :]
        feed(tile[: elements * size])
        if tile.size < transpose.reach:
            # The last tile: casts read past its end.
            tile = transpose.filled_up(tile)
        place = _LINK + start // 8
        top = transpose(tile, planes[:, place : place + transpose.padded])
        if self.kept:
            feed_top(start, top[:elements])

    def links(self, state: blake3, planes: np.ndarray) -> list[str]:
        """The chain, of which ``state`` has hashed the header and the top bytes."""
        used = planes[:, : _LINK + self._length]
        for plane in used[self._mantissa :][::-1]:
            state.update(plane[_LINK:].data)
        link = state.digest()
        links = [link]
        for plane in used[: self._mantissa][::-1]:
            # Before the plane, not in an update of its own: after one of 32 bytes BLAKE3 hashes
            # the rest at two thirds of its speed, and a call costs as much as a small plane.
            plane[:_LINK] = np.frombuffer(link, dtype=np.uint8)
            link = blake3(plane.data).digest()
            links.append(link)
        return [link[:8].hex() for link in links]


_kept_scratch = threading.local()

_KEPT_SHAPES = 8
"""The number of transpositions that a thread keeps. The largest, of float64, takes 2.5 MiB."""


def _scratch(rows: int, width: int) -> np.ndarray:
    """Uninitialised uint8 memory (rows, width), reused by the calls of a thread.

    New pages would cost a third of the transposition's time, and a session with layers calls
    ``chain`` hundreds of times. ``width`` is a multiple of 8.
    """
    size = rows * width
    flat: np.ndarray | None = getattr(_kept_scratch, "content", None)
    if flat is None or flat.size < size:
        flat = _aligned(size)
        if flat.nbytes <= 1 << 28:
            _kept_scratch.content = flat
    return flat[:size].reshape(rows, width)


def _aligned(size: int) -> np.ndarray:
    """Uninitialised bytes that start with a cache line."""
    content = np.empty(size + 63, dtype=np.uint8)
    start = -content.ctypes.data % 64
    return content[start : start + size]


def _transposition(itemsize: int, row: int, kept: int) -> _Transposition:
    """The transposition of this shape, kept for the thread: many layers have equal shapes."""
    known: dict[tuple[int, int, int], _Transposition] | None
    known = getattr(_kept_scratch, "transpositions", None)
    if known is None:
        known = _kept_scratch.transpositions = {}
    shape = (itemsize, row, kept)
    found = known.get(shape)
    if found is None:
        if len(known) == _KEPT_SHAPES:
            # Delete the oldest: a dictionary keeps the order of insertion.
            del known[next(iter(known))]
        found = known[shape] = _Transposition(itemsize, row, kept)
    return found


class _Transposition:
    """Transposes tiles of one shape, (8, row) words; has own scratch."""

    def __init__(self, itemsize: int, row: int, kept: int) -> None:
        self._itemsize = itemsize
        self._row = row
        self.padded = padded = -(-row // 8) * 8
        """Bytes of a plane, of which the last may be undefined: a multiple of 8, at least row."""
        self.reach = (7 * row + padded + 1) * itemsize
        """Bytes that are read from the start of a tile; at least those of its elements."""
        # Kept, because writing to new pages is slow.
        self._filled_up = np.empty(self.reach, dtype=np.uint8)
        size = itemsize - kept
        words = padded // 8
        self._bytes = _aligned(itemsize * 8 * padded).reshape(itemsize, 8, padded)
        planes = self._bytes[:size].reshape(-1).view(np.uint64)
        scratch = _aligned(planes.nbytes // 2).view(np.uint64)
        self._steps = []
        for distance, shift, mask in _BUTTERFLIES:
            # The fewer dimensions, the less a ufunc has to prepare.
            pairs = planes.reshape(size * 4 // distance, 2, distance * words)
            spare = scratch.reshape(-1, distance * words)
            self._steps.append((shift, mask, pairs[:, 0], pairs[:, 1], spare))

    def filled_up(self, tile: np.ndarray) -> np.ndarray:
        """``tile`` with zeros up to ``reach``. They are overwritten by the next call."""
        self._filled_up[: tile.size] = tile
        self._filled_up[tile.size :] = 0
        return self._filled_up

    def __call__(self, tile: np.ndarray, out: np.ndarray) -> np.ndarray:
        """Write the planes of ``tile`` to ``out`` (bits, padded).

        Returns the top bytes of its elements in order, followed by others. They are overwritten
        by the next call.
        """
        size = self._itemsize
        # Words at every byte: the lowest byte of the one at byte b is byte b of its element.
        words = np.ndarray(
            self._bytes.shape, f"<u{size}", tile, strides=(1, self._row * size, size)
        )
        np.copyto(self._bytes, words, casting="unsafe")
        words_out = out.view(np.uint64)
        last = len(self._steps) - 1
        for number, (shift, mask, first, second, spare) in enumerate(self._steps):
            to_first, to_second = first, second
            if number == last:
                to_first, to_second = words_out[0::2], words_out[1::2]
            np.right_shift(first, shift, spare)
            np.bitwise_xor(spare, second, spare)
            np.bitwise_and(spare, mask, spare)
            np.bitwise_xor(second, spare, to_second)
            np.left_shift(spare, shift, spare)
            np.bitwise_xor(first, spare, to_first)
        return np.ascontiguousarray(self._bytes[-1, :, : self._row]).reshape(-1)
