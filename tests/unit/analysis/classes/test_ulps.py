from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orchestrator.analysis.classes.consequences import doubling_bins
from orchestrator.results.floats import as_values, bits_of, is_nan, ulp_distance

HALVES = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
"""Every float16."""


def steps(a: np.float16, b: np.float16) -> int:
    """The number of ``nextafter`` steps from the smaller to the larger value, by counting."""
    low, high = sorted((a, b))
    count = 0
    with np.errstate(over="ignore"):  # the step to infinity counts as one
        while low != high:
            low = np.nextafter(low, np.float16(np.inf))
            count += 1
    return count


def distance(dtype: str, a: np.ndarray, b: np.ndarray) -> int:
    return int(ulp_distance(dtype, bits_of(dtype, a), bits_of(dtype, b))[0])


# Values near zero, near a power of two and near infinity, so that few steps are counted.
across_zero = st.tuples(st.integers(-900, 900), st.integers(-900, 900))
within = st.one_of(
    *(
        st.tuples(st.integers(low, high), st.integers(low, high))
        for low, high in ((0x3A00, 0x3D00), (0x7B00, 0x7C00), (-0x7C00, -0x7B00))
    )
)


@given(st.one_of(across_zero, within))
@example((0x7BFF, 0x7C00))
def test_the_distance_is_the_number_of_steps(pair: tuple[int, int]) -> None:
    words = [abs(number) | (number < 0) << 15 for number in pair]
    values = np.array(words, dtype=np.uint16).view(np.float16)
    assert not np.isnan(values).any()
    assert distance("float16", values[:1], values[1:]) == steps(values[0], values[1])


def test_all_of_float16_is_numbered_without_a_gap() -> None:
    numbers = np.unique(HALVES[~np.isnan(HALVES)])  # -0 equals 0
    bits = bits_of("float16", numbers)
    assert (ulp_distance("float16", bits[1:], bits[:-1]) == 1).all()
    assert distance("float16", numbers[:1], numbers[-1:]) == numbers.size - 1


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_extremes(dtype: str) -> None:
    info = np.finfo(dtype)
    one = np.ones(1, dtype)
    assert distance(dtype, one, np.nextafter(one, np.inf, dtype=dtype)) == 1
    assert distance(dtype, one, np.nextafter(one, -np.inf, dtype=dtype)) == 1
    assert distance(dtype, np.array([info.max], dtype), np.array([np.inf], dtype)) == 1
    assert distance(dtype, np.array([0.0], dtype), np.array([-0.0], dtype)) == 0
    tiny = np.array([info.smallest_subnormal], dtype)
    assert distance(dtype, tiny, -tiny) == 2
    infinity = np.array([np.inf], dtype)
    width, mantissa = info.bits, info.nmant
    whole = 2 * (((1 << (width - 1 - mantissa)) - 1) << mantissa)
    assert distance(dtype, infinity, -infinity) == whole  # in float64 more than 2^63


def test_nan_of_any_payload() -> None:
    assert np.array_equal(is_nan("float16", bits_of("float16", HALVES)), np.isnan(HALVES))
    words = np.array([0x7F80, 0x7F81, 0xFF80, 0xFFFF, 0x0001], dtype=np.uint16)
    assert is_nan("bfloat16", bits_of("bfloat16", words)).tolist() == [0, 1, 0, 1, 0]


def test_bfloat16_is_widened_exactly() -> None:
    words = np.array([0x3F80, 0xC040, 0x0001, 0x7F80], dtype=np.uint16)
    assert as_values("bfloat16", words).tolist() == [1.0, -3.0, 2.0**-133, np.inf]
    assert distance("bfloat16", words[:1], np.array([0x3F83], dtype=np.uint16)) == 3


@given(st.lists(st.integers(0, (1 << 64) - 1), max_size=30))
def test_bins_double(distances: list[int]) -> None:
    counts = doubling_bins(np.array(distances, dtype=np.uint64)).tolist()
    for place, count in enumerate(counts):
        assert count == sum(value.bit_length() == place for value in distances)
    assert sum(counts) == len(distances)
    assert not counts or counts[-1] > 0


def test_bins_are_exact_where_float64_is_not() -> None:
    edges = itertools.chain.from_iterable(((1 << e) - 1, 1 << e) for e in range(50, 64))
    counts = doubling_bins(np.array(list(edges), dtype=np.uint64)).tolist()
    assert counts[50:65] == [1, *[2] * 13, 1]
