"""The precision chain of a float tensor, in about one pass over its data.

``D0 = BLAKE3(header, E)``, ``Dp = BLAKE3(Dp-1, P(p))`` for p = 1...m, with P(p) the plane of
mantissa bit p, most significant first. The next hash gets all 32 bytes of ``Dp-1``; what is
returned is the first 8 bytes of each in hex. ``header`` is the tensor file's header line, newline
included.

*Planes.* Elements are taken in C order and cut into tiles of 131,072, the last one shorter. In a
tile of n elements let K = ceil(n / 8): bit r (of value 2**r) of byte j of the tile's plane is the
bit of element r*K + j, or 0 where there is no such element. A plane is the bytes of all tiles.

*E*, sign and exponent. Where they fill the top byte of an element (bfloat16, float32, float64) E
starts with the top byte of every element in C order; then come the planes of the sign and
exponent bits that are left (float16: all 6; bfloat16, float32: 1; float64: 4), most significant
first.

The tile and the assignment of elements to bits are part of the format (docs/formats.md, section
1). They are chosen so that NumPy is fast without compiled code: eight rows of a tile are eight
contiguous pieces, words are split into bytes by casts (which are vectorised), and 8x8 bit blocks
are transposed by three butterfly steps on rows, 64 bits at a time. Taking the top byte unchanged
saves a quarter of these steps.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Callable

import numpy as np
from blake3 import blake3

if TYPE_CHECKING:
    from eqc_runner.tensor import Tensor

TILE = 1 << 17
"""Elements in a tile. Part of the format; small enough that a tile of float32 and the scratch
arrays of its transposition fit in a second-level cache of 1 MiB, and large enough that calls of
NumPy cost little in comparison with the work."""

MANTISSA_BITS: dict[str, int] = {"float16": 10, "bfloat16": 7, "float32": 23, "float64": 52}

_BUTTERFLIES = (
    (4, np.uint64(4), np.uint64(0x0F0F0F0F0F0F0F0F)),
    (2, np.uint64(2), np.uint64(0x3333333333333333)),
    (1, np.uint64(1), np.uint64(0x5555555555555555)),
)
"""For each step: the distance of the two rows that exchange bits, the shift in bits, and the mask
of the first row's bits that stay."""

_SKEW = 8 + 1
"""Words of 64 bits added to each row of planes. Without them rows would be a power of two apart,
fall into the same cache sets and be written at half the speed."""


def chain(tensor: Tensor) -> list[str] | None:
    """D0...Dm as 16 hex digits each (m + 1 values), or ``None`` for a dtype that is not a float.

    Allocates as much memory as the tensor has, and keeps up to 256 MiB of it per thread for the
    next call.
    """
    mantissa = MANTISSA_BITS.get(tensor.dtype)
    if mantissa is None:
        return None
    itemsize = tensor.array.dtype.itemsize
    words = tensor.data().view(np.dtype(f"<u{itemsize}"))
    kept = int(8 * itemsize - mantissa > 8)
    state = blake3(tensor.header())
    planes = _bit_planes(words, kept, lambda top: state.update(top.data))
    for bit in range(8 * (itemsize - kept) - 1, mantissa - 1, -1):
        state.update(planes[bit % 8, bit // 8].data)
    link = state.digest()
    links = [link]
    for bit in range(mantissa - 1, -1, -1):
        # Joined before hashing: after an update of 32 bytes BLAKE3 hashes the rest at two thirds
        # of its speed, and one more call costs as much as hashing a small plane.
        link = blake3(b"".join((link, planes[bit % 8, bit // 8]))).digest()
        links.append(link)
    return [link[:8].hex() for link in links]


def _bit_planes(
    words: np.ndarray, kept: int, feed_top: Callable[[np.ndarray], object]
) -> np.ndarray:
    """Transpose flat little-endian words to uint8 (8, itemsize, bytes in a plane).

    ``[q, b]`` is the plane of bit 8*b + q. If ``kept`` is 1 the last b is undefined, and the top
    bytes of all elements are fed to ``feed_top`` instead, in order.
    """
    itemsize = words.dtype.itemsize
    whole, rest = divmod(words.size, TILE)
    row = TILE // 8
    rest_row = -(-rest // 8)
    rest_words = -(-rest_row // 8)
    planes = _scratch((8, itemsize, whole * row // 8 + rest_words + _SKEW))
    if whole:
        transpose = _transposition(itemsize, row, kept)
        top = np.empty((8, row), dtype=np.uint8)
        for index in range(whole):
            tile = words[index * TILE : (index + 1) * TILE].reshape(8, row)
            transpose(tile, planes[:, :, index * row // 8 : (index + 1) * row // 8])
            if kept:
                np.copyto(top, transpose.top)
                feed_top(top.reshape(-1))
    if rest:
        padded = np.zeros(8 * rest_row, dtype=words.dtype)
        padded[:rest] = words[whole * TILE :]
        rows = np.zeros((8, 8 * rest_words), dtype=words.dtype)
        rows[:, :rest_row] = padded.reshape(8, rest_row)
        transpose = _transposition(itemsize, rows.shape[1], kept)
        start = whole * row // 8
        transpose(rows, planes[:, :, start : start + rest_words])
        if kept:
            feed_top(np.ascontiguousarray(transpose.top[:, :rest_row]).reshape(-1)[:rest])
    return planes.view(np.uint8)[:, :, : whole * row + rest_row]


_kept_scratch = threading.local()

_KEPT_SHAPES = 8
"""The number of transpositions that a thread keeps. The largest, of float64, takes 7.3 MiB."""


def _scratch(shape: tuple[int, int, int]) -> np.ndarray:
    """Uninitialised uint64 memory, reused by the calls of a thread.

    New pages would cost a third of the transposition's time, and a session with layers calls
    ``chain`` hundreds of times.
    """
    size = shape[0] * shape[1] * shape[2]
    flat: np.ndarray | None = getattr(_kept_scratch, "words", None)
    if flat is None or flat.size < size:
        flat = np.empty(size, dtype=np.uint64)
        if flat.nbytes <= 1 << 28:
            _kept_scratch.words = flat
    return flat[:size].reshape(shape)


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
    """Transposes tiles of one shape, (8, row) words, ``row`` a multiple of 8; has own scratch."""

    def __init__(self, itemsize: int, row: int, kept: int) -> None:
        self._halvings: list[tuple[np.generic, np.ndarray, np.ndarray]] = []
        width = itemsize
        shape: tuple[int, ...] = (8,)
        while width > 1:
            shift = np.dtype(f"u{width}").type(4 * width)
            shifted = np.empty((*shape, row), dtype=f"<u{width}")
            halves = np.empty((*shape, 2, row), dtype=f"<u{width // 2}")
            self._halvings.append((shift, shifted, halves))
            width, shape = width // 2, (*shape, 2)
        size = self._size = itemsize - kept
        bytes_ = self._halvings[-1][2].reshape(8, itemsize, row)
        # The top byte is the last of its word: the halvings put the lower half first.
        self.top = bytes_[:, -1]
        words = bytes_.view(np.uint64)
        self._steps = []
        for distance, shift, mask in _BUTTERFLIES:
            pairs = words.reshape(4 // distance, 2, distance, itemsize, row // 8)
            first, second = pairs[:, 0, :, :size], pairs[:, 1, :, :size]
            scratch = np.empty(first.shape, dtype=np.uint64)
            self._steps.append((shift, mask, first, second, scratch))

    def __call__(self, tile: np.ndarray, out: np.ndarray) -> None:
        """From ``tile`` (8, row) to ``out`` (8, itemsize, row / 8) uint64; ``top`` is set too."""
        source = tile
        for shift, shifted, halves in self._halvings:
            np.copyto(halves[..., 0, :], source, casting="unsafe")
            np.right_shift(source, shift, out=shifted)
            np.copyto(halves[..., 1, :], shifted, casting="unsafe")
            source = halves
        last = len(self._steps) - 1
        pairs = out.reshape(4, 2, 1, *out.shape[1:])
        for number, (shift, mask, first, second, scratch) in enumerate(self._steps):
            to_first, to_second = first, second
            if number == last:
                to_first, to_second = pairs[:, 0, :, : self._size], pairs[:, 1, :, : self._size]
            np.right_shift(first, shift, out=scratch)
            np.bitwise_xor(scratch, second, out=scratch)
            np.bitwise_and(scratch, mask, out=scratch)
            np.bitwise_xor(second, scratch, out=to_second)
            np.left_shift(scratch, shift, out=scratch)
            np.bitwise_xor(first, scratch, out=to_first)
