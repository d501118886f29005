"""Floats as bits, against ``ml_dtypes`` (whose casts are another implementation) and NumPy."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.results.floats import (
    FORMATS,
    WIDE,
    as_values,
    bits_of,
    from_values,
    is_nan,
    narrowest,
    ulp_distance,
)
from orchestrator.results.tensor_file import CARRIERS

BYTES = [name for name, known in FORMATS.items() if known.width == 8]
SMALL = [*BYTES, "bfloat16"]
NAN = {"float8_e4m3fn": 2, "float8_e5m2": 6, "float8_e4m3fnuz": 1, "float8_e5m2fnuz": 1}
"""How many of the 256 patterns are none."""


def every(dtype: str) -> np.ndarray:
    carrier = np.dtype(CARRIERS.get(dtype, "uint16"))
    return np.arange(1 << 8 * carrier.itemsize, dtype=np.uint32).astype(carrier)


@pytest.mark.parametrize("dtype", SMALL)
def test_every_pattern_is_worth_what_another_library_says(dtype: str) -> None:
    words = every(dtype)
    theirs = words.view(getattr(ml_dtypes, dtype)).astype(np.float32)
    ours = as_values(dtype, words)
    nans = np.isnan(theirs)
    assert np.array_equal(is_nan(dtype, bits_of(dtype, words)), nans)
    assert np.array_equal(np.isnan(ours), nans)
    # Signs, too: of zeros and of NaNs.
    assert np.array_equal(np.signbit(ours), np.signbit(theirs))
    with np.errstate(invalid="ignore"):
        assert ours[~nans].tobytes() == theirs[~nans].astype(np.float64).tobytes()


@pytest.mark.parametrize("dtype", BYTES)
def test_what_the_formats_do_not_have(dtype: str) -> None:
    values = as_values(dtype, every(dtype))
    assert np.isnan(values).sum() == NAN.get(dtype, 1)
    assert np.isinf(values).sum() == (2 if dtype == "float8_e5m2" else 0)
    zeros = values[values == 0]
    if dtype == "float8_e8m0fnu":
        assert not zeros.size
        assert not np.signbit(values).any()
    else:
        assert np.signbit(zeros).sum() == (0 if dtype.endswith("fnuz") else 1)
        assert (zeros.size, values[0]) == (1 + int(np.signbit(zeros).any()), 0)


@pytest.mark.parametrize("dtype", SMALL)
def test_the_distance_is_the_number_of_values_between(dtype: str) -> None:
    words = every(dtype)
    values, bits = as_values(dtype, words), bits_of(dtype, words)
    numbers = ~is_nan(dtype, bits)
    # Ranks count distinct values, in order: 0 and -0 share one.
    ranks = np.unique(values[numbers], return_inverse=True)[1].astype(np.int64)
    bits = bits[numbers]
    random = np.random.Generator(np.random.Philox(1))
    a, b = random.integers(0, bits.size, (2, 4000))
    steps = ulp_distance(dtype, bits[a], bits[b]).astype(np.int64)
    assert np.array_equal(steps, np.abs(ranks[a] - ranks[b]))


@given(st.sampled_from(["bfloat16", "float8_e4m3fn", "float8_e5m2"]), st.data())
def test_a_step_is_that_of_nextafter(dtype: str, data: st.DataObject) -> None:
    words = every(dtype)
    place = data.draw(st.integers(0, words.size - 1))
    one = words[place : place + 1]
    kind = getattr(ml_dtypes, dtype)
    up = np.nextafter(one.view(kind), kind(np.inf) if dtype != "float8_e4m3fn" else kind(448))
    if np.isnan(up).any() or up.view(one.dtype)[0] == one[0]:
        return
    other = up.view(one.dtype)
    assert ulp_distance(dtype, bits_of(dtype, one), bits_of(dtype, other)).tolist() == [1]


@pytest.mark.parametrize("dtype", [*BYTES, *WIDE])
@pytest.mark.parametrize("wanted", WIDE)
def test_what_holds_a_type_gives_back_every_value_of_it(dtype: str, wanted: str) -> None:
    if not FORMATS[wanted].holds(FORMATS[dtype]):
        return
    if FORMATS[dtype].width <= 16:
        words = every(dtype)
    else:
        word = np.dtype(f"u{FORMATS[dtype].width // 8}")
        random = np.random.Generator(np.random.Philox(2))
        words = random.integers(0, np.iinfo(word).max, 5000, word, endpoint=True)
        words[:3] = np.array([np.inf, -0.0, np.nan], dtype=dtype).view(word)
        # A signalling NaN, which the processor would make a quiet one.
        words[3] = words[0] | word.type(1)
    array = words if dtype in CARRIERS else words.view(dtype)
    values = as_values(dtype, array)
    wide = from_values(values, wanted)
    assert as_values(wanted, wide).tobytes() == values.tobytes()
    assert len(np.unique(bits_of(wanted, wide))) == len(np.unique(words))


@pytest.mark.parametrize(
    ("types", "wanted"),
    [
        (("float8_e4m3fn", "float8_e5m2"), "float16"),
        (("float8_e4m3fnuz", "float8_e4m3fn"), "float16"),
        (("float8_e4m3fn", "bfloat16"), "bfloat16"),
        (("float8_e8m0fnu",), "bfloat16"),
        (("float8_e8m0fnu", "float16"), "float32"),
        (("float16", "bfloat16"), "float32"),
        (("float32", "float8_e5m2fnuz", "float64"), "float64"),
    ],
)
def test_the_narrowest_that_holds_all(types: tuple[str, ...], wanted: str) -> None:
    assert narrowest(types) == wanted


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float8_e5m2", "float64"])
def test_payloads_of_nans_stay(dtype: str) -> None:
    known = FORMATS[dtype]
    infinity = (1 << (known.width - 1)) - (1 << known.mantissa)
    payloads = [1, 1 << known.mantissa >> 1, (1 << known.mantissa) - 1]
    words = np.array([infinity | each for each in payloads], dtype=f"u{known.width // 8}")
    array = words if dtype in CARRIERS else words.view(dtype)
    found = as_values(dtype, array).view(np.uint64)
    assert found.tolist() == [0x7FF << 52 | each << (52 - known.mantissa) for each in payloads]


@pytest.mark.parametrize("dtype", [*BYTES, *WIDE, "complex64", "complex128"])
def test_scalars_and_nothing_keep_their_shapes(dtype: str) -> None:
    for shape in ((), (0, 3), (1, 1)):
        array = np.ones(shape, dtype=CARRIERS.get(dtype, dtype))
        more = (2,) if dtype.startswith("complex") else ()
        assert bits_of(dtype, array).shape == shape + more
        assert as_values(dtype, array).shape == shape + more


def test_the_parts_of_complex_numbers_follow_each_other() -> None:
    array = np.array([[1 - 2j], [complex(-0.0, np.inf)]], dtype=np.complex64)
    assert as_values("complex64", array).tolist() == [[[1, -2]], [[-0.0, np.inf]]]
    assert bits_of("complex64", array)[1, 0].tolist() == [1 << 31, 0xFF << 23]
