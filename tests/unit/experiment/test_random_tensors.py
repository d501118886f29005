from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.experiment.random_tensors import random_tensor


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("distribution", ["uniform", "normal"])
def test_moments_and_range(distribution: str, dtype: str) -> None:
    values = random_tensor((200, 100), distribution, 5, dtype)  # type: ignore[arg-type]
    assert values.dtype == dtype
    wide = values.astype(np.float64)
    mean, deviation = (0.5, 12**-0.5) if distribution == "uniform" else (0.0, 1.0)
    low, high = (0, 1) if distribution == "uniform" else (-6, 6)
    assert abs(wide.mean() - mean) < 0.03
    assert abs(wide.std() - deviation) < 0.03
    assert wide.min() >= low
    assert wide.max() < high


def test_the_bits_are_fixed() -> None:
    """With other bits, results of two versions of this program could not be compared."""
    digests = [
        hashlib.sha256(random_tensor((4, 4), kind, 1, dtype).tobytes()).hexdigest()[:8]  # type: ignore[arg-type]
        for kind in ("uniform", "normal")
        for dtype in ("float16", "float32", "float64")
    ]
    assert digests == ["68fa9de7", "fd20ea31", "a9d4e880", "d1f739d9", "cfd53de6", "d1f4763f"]


def test_the_first_values_by_pure_integer_arithmetic() -> None:
    raw = [int(n) for n in np.random.Philox(key=9).random_raw(24)]
    uniform = random_tensor((24,), "uniform", 9, "float64")
    assert [float(u) * 2**53 for u in uniform] == [n >> 11 for n in raw]
    normal = random_tensor((2,), "normal", 9, "float64")
    sums = [sum(n >> 16 for n in raw[i : i + 12]) - 6 * 2**48 for i in (0, 12)]
    assert [float(v) * 2**48 for v in normal] == sums


def test_seeds_differ() -> None:
    a, b = (random_tensor((8,), "normal", seed, "float32") for seed in (0, 1))
    assert not np.array_equal(a, b)


def test_the_bits_of_integers_are_fixed() -> None:
    cases = [("int64", 0, 50000), ("int8", None, None), ("uint64", 0, 2**64), ("bool", None, None),
             ("int64", -(2**63), 2**63), ("float32", -1.5, 2)]  # fmt: skip
    digests = [
        hashlib.sha256(random_tensor((4, 4), "uniform", 1, *case).tobytes()).hexdigest()[:8]
        for case in cases
    ]
    assert digests == ["3760d26e", "4905d290", "45b7c671", "8ce6a6cb", "b17387d7", "b23d226d"]


@given(st.integers(0, 2**64 - 1), st.data())
def test_integers_by_pure_integer_arithmetic(seed: int, data: st.DataObject) -> None:
    dtype = data.draw(st.sampled_from(["int8", "uint8", "int32", "int64", "uint64"]))
    limits = np.iinfo(dtype)
    low = data.draw(st.integers(int(limits.min), int(limits.max)))
    high = data.draw(st.integers(low + 1, int(limits.max) + 1))
    found = random_tensor((9,), "uniform", seed, dtype, low, high)
    raw = [int(n) for n in np.random.Philox(key=seed).random_raw(9)]
    assert found.dtype == dtype
    assert [int(n) for n in found] == [low + (n * (high - low) >> 64) for n in raw]


@given(st.integers(0, 2**32))
def test_bfloat16_is_rounded_once(seed: int) -> None:
    import ml_dtypes

    wide = random_tensor((50,), "normal", seed, "float64")
    found = random_tensor((50,), "normal", seed, "bfloat16")
    rounded = wide.astype(np.float32).astype(ml_dtypes.bfloat16).astype(np.float32)
    assert found.tobytes() == rounded.tobytes()
