"""Random tensors with the same bits everywhere: Philox integers and exact arithmetic only."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Distribution = Literal["uniform", "normal"]
_BITS = {"float16": 11, "float32": 24, "float64": 53}
"""Of the mantissa, the hidden one included."""


def random_tensor(
    shape: tuple[int, ...], distribution: Distribution, seed: int, dtype: str
) -> NDArray[np.floating]:
    """``uniform``: multiples of 2⁻ᵇ in [0, 1), b the bits of the mantissa, all exact.

    ``normal``: the sum of twelve uniforms minus six (Irwin-Hall; mean 0, variance 1, within ±6),
    summed as integers and rounded once. ``dtype`` is float16, float32 or float64.
    """
    count = math.prod(shape)
    generator = np.random.Philox(key=seed)
    if distribution == "uniform":
        bits = _BITS[dtype]
        raw = generator.random_raw(count) >> np.uint64(64 - bits)
        values = raw.astype(np.float64) * 2.0**-bits
    else:
        # 12 * 2^48 < 2^53: the sum is exact as an integer and as a double.
        raw = generator.random_raw(12 * count).reshape(count, 12) >> np.uint64(16)
        total = raw.sum(axis=1, dtype=np.uint64).astype(np.int64) - 6 * 2**48
        values = total.astype(np.float64) * 2.0**-48
    return values.astype(dtype).reshape(shape)
