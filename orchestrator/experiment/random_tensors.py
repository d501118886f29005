"""Random numbers with the same bits on every computer and with every version of NumPy.

All come from the raw 64-bit words of the generator Philox 4x64-10 (Salmon et al., "Parallel random
numbers: as easy as 1, 2, 3", SC 2011), counter from 0, by integer arithmetic and exact or
correctly rounded steps of IEEE 754. Its key is the seed; that of a tensor with a name of its own
is the seed + 2⁶⁴ · h, where h is the first 8 bytes, little-endian, of BLAKE2b-64 of the name in
UTF-8: a tensor does not depend on which others there are.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from orchestrator.yaml_files.files import FileMistake

Distribution = Literal["uniform", "normal"]
Words = NDArray[np.uint64]
_BITS = {"bfloat16": 8, "float16": 11, "float32": 24, "float64": 53}
"""Bits of the mantissa, the implicit one included."""
MAX_ELEMENTS = 2**28


def check_size(shape: Sequence[int]) -> None:
    """Raises FileMistake for more elements than an input may have."""
    if math.prod(shape) > MAX_ELEMENTS:
        raise FileMistake(f"a tensor of shape {list(shape)} is too large")


def key_of(seed: int, name: str | None) -> int:
    """The generator's key, less than 2¹²⁸; ``name``: of one of several tensors."""
    if name is None:
        return seed
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return seed + (int.from_bytes(digest, "little") << 64)


def random_tensor(
    shape: tuple[int, ...],
    distribution: Distribution,
    key: int,
    dtype: str,
    low: float | None = None,
    high: float | None = None,
) -> NDArray[Any]:
    """Random numbers that depend on the arguments alone; the same bits on every computer.

    ``uniform`` floats: multiples of 2⁻ᵇ in [0, 1), b the bits of the mantissa, all exact; with
    ``low`` and ``high`` (the other 0 or 1) low + (high - low) · x of such a double, in double
    precision and then rounded once to ``dtype``.

    ``uniform`` integers: low + ⌊r · (high - low) / 2⁶⁴⌋ of the 64-bit word r, so low ≤ x < high.
    ``bool``: the word's first bit. Eight-bit integers have their whole range where none is given.

    ``normal``: the sum of twelve uniforms minus six (Irwin-Hall; mean 0, variance 1, within ±6),
    summed as integers and rounded once.

    ``bfloat16`` gives float32 with values that bfloat16 has. FileMistake for a range that the
    dtype has not, or that is wanted and not given.
    """
    check_size(shape)
    count = math.prod(shape)
    generator = np.random.Philox(key=key)
    is_float = dtype in _BITS
    if distribution == "normal":
        if not is_float or low is not None or high is not None:
            raise FileMistake(f"'distribution: normal' is of floats without a range, not {dtype}")
        # 12 * 2^48 < 2^53: the sum is exact as an integer and as a double.
        raw = generator.random_raw(12 * count).reshape(count, 12) >> np.uint64(16)
        total = raw.sum(axis=1, dtype=np.uint64).astype(np.int64) - 6 * 2**48
        return _rounded(total.astype(np.float64) * 2.0**-48, dtype).reshape(shape)
    if is_float:
        ranged = low is not None or high is not None
        bits = 53 if ranged else _BITS[dtype]
        values = (generator.random_raw(count) >> np.uint64(64 - bits)).astype(np.float64)
        values = values * 2.0**-bits
        if ranged:
            start, end = float(low or 0), float(1 if high is None else high)
            if not (start < end and math.isfinite(end - start)):
                raise FileMistake(f"'low' {start} should be less than 'high' {end}")
            values = start + (end - start) * values
        return _rounded(values, dtype).reshape(shape)
    return _integers(generator.random_raw(count), dtype, low, high).reshape(shape)


def _rounded(values: NDArray[np.float64], dtype: str) -> NDArray[Any]:
    if dtype != "bfloat16":
        return values.astype(dtype)
    # To nearest, ties to even, at the 16th bit of a float32; what is here is in range.
    single = values.astype(np.float32).view(np.uint32)
    kept = single + np.uint32(0x7FFF) + ((single >> np.uint32(16)) & np.uint32(1))
    return (kept & np.uint32(0xFFFF0000)).view(np.float32)


def _integers(raw: Words, dtype: str, low: float | None, high: float | None) -> NDArray[Any]:
    if dtype == "bool":
        if low is not None or high is not None:
            raise FileMistake("a bool has no range: remove 'low' and 'high'")
        return (raw >> np.uint64(63)).astype(np.bool_)
    least, most = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    if high is None:
        if not dtype.endswith("int8"):
            raise FileMistake(
                f"say which {dtype} are wanted, like 'low: 0, high: 50000': 0 is one of them, "
                "50000 is not"
            )
        high, low = most + 1, least if low is None else low
    start, end = low if low is not None else 0, high
    if int(start) != start or int(end) != end:
        raise FileMistake(f"'low' and 'high' of {dtype} should be whole numbers")
    start, end = int(start), int(end)
    if not least <= start < end <= most + 1:
        raise FileMistake(
            f"{start} to {end} is no range of {dtype}: 'low' should be at least {least} and less "
            f"than 'high', 'high' at most {most + 1}"
        )
    offset = _high_word(raw, end - start)
    # Two's complement wraps: the sum is right modulo 2^64, and in range.
    total = offset + np.uint64(start % 2**64)
    return total.view(np.int64).astype(dtype) if dtype.startswith("int") else total.astype(dtype)


def _high_word(raw: Words, factor: int) -> Words:
    """⌊raw · factor / 2⁶⁴⌋ for 0 < factor ≤ 2⁶⁴, exactly, from products of 32 bits each."""
    if factor == 2**64:
        return raw
    half, mask = np.uint64(32), np.uint64(2**32 - 1)
    high, low = raw >> half, raw & mask
    above, below = np.uint64(factor >> 32), np.uint64(factor & (2**32 - 1))
    first, second = high * below, low * above
    carry = ((low * below) >> half) + (first & mask) + (second & mask)
    result: Words = high * above + (first >> half) + (second >> half) + (carry >> half)
    return result
