"""Widening is exact: every value stays, and comes back."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.analysis.observations.widening import common_type, widened


@pytest.mark.parametrize(
    ("types", "wanted"),
    [
        (("float16", "float32"), "float32"),
        (("bfloat16", "float16"), "float32"),
        (("float32", "float64", "bfloat16"), "float64"),
        (("int8", "uint8"), "int16"),
        (("int32", "int64"), "int64"),
        (("int64", "uint64"), None),
        (("int8", "float32"), "float32"),
        (("bool", "float32"), None),
        (("uint8", "uint32"), "uint32"),
        (("int4", "uint4"), "int8"),
        (("int4", "uint8"), "int16"),
        (("uint4", "float16"), "float16"),
        (("float8_e4m3fn", "float8_e5m2"), "float16"),
        (("float8_e8m0fnu", "float8_e4m3fn"), "bfloat16"),
        (("int8", "float8_e4m3fn"), "float16"),
        (("complex64", "complex128"), "complex128"),
        (("complex64", "float32"), "complex64"),
        (("complex64", "float64"), "complex128"),
        (("complex64", "bool"), None),
    ],
)
def test_the_narrowest_type_that_holds_all(types: tuple[str, ...], wanted: str | None) -> None:
    assert common_type(types) == wanted


@given(st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=20))
def test_every_bfloat16_is_the_upper_half_of_a_float32(words: list[int]) -> None:
    array = np.array(words, dtype=np.uint16)
    found = widened(("bfloat16", array.shape, array), "float32")
    assert found is not None
    wide = found[1][2]
    assert ((wide.view(np.uint32) >> 16) == array).all()
    assert ((wide.view(np.uint32) & 0xFFFF) == 0).all()


@given(st.lists(st.floats(width=16, allow_nan=False), min_size=1, max_size=20))
def test_every_float16_comes_back(values: list[float]) -> None:
    array = np.array(values, dtype=np.float16)
    found = widened(("float16", array.shape, array), "float64")
    assert found is not None
    assert found[1][2].astype(np.float16).tobytes() == array.tobytes()
    assert found[0].links is not None
    assert len(found[0].links) == 8 * 53


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=5))
def test_a_whole_number_that_would_round_is_refused(values: list[int]) -> None:
    array = np.array(values, dtype=np.int64)
    found = widened(("int64", array.shape, array), "float32")
    if found is not None:
        assert [int(value) for value in found[1][2]] == values


SMALL = ["float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu"]


@pytest.mark.parametrize("dtype", SMALL)
@pytest.mark.parametrize("other", [*SMALL, "float16", "bfloat16", "float32", "float64"])
def test_every_float_of_8_bits_has_the_value_that_another_library_says(
    dtype: str, other: str
) -> None:
    wanted = common_type((dtype, other))
    if wanted is None or dtype == other:
        return
    words = np.arange(256, dtype=np.uint8)
    found = widened((dtype, (2, 128), words.reshape(2, 128)), wanted)
    assert found is not None
    content, (_, shape, wide) = found
    assert (content.dtype, content.shape, shape) == (wanted, (2, 128), (2, 128))
    theirs = words.view(getattr(ml_dtypes, dtype)).astype(np.float32)
    ours = wide.reshape(-1)
    if wanted == "bfloat16":
        ours = ours.view(ml_dtypes.bfloat16)
    nans = np.isnan(theirs)
    # Looking at a signalling NaN is reported by some types.
    with np.errstate(invalid="ignore"):
        assert np.array_equal(np.isnan(ours), nans)
    assert ours[~nans].astype(np.float32).tobytes() == theirs[~nans].tobytes()


def test_a_signalling_nan_is_not_made_quiet() -> None:
    array = np.array([0x7F800001, 0xFF812345], dtype=np.uint32).view(np.float32)
    found = widened(("float32", (2,), array), "float64")
    assert found is not None
    assert [hex(word) for word in found[1][2].view(np.uint64)] == [
        "0x7ff0000020000000",
        "0xfff02468a0000000",
    ]


def test_complex_numbers_are_widened_part_by_part() -> None:
    array = np.array([[1.5 - 2j, complex(-0.0, np.inf)]], dtype=np.complex64)
    found = widened(("complex64", (1, 2), array), "complex128")
    assert found is not None
    content, (_, _, wide) = found
    assert wide.dtype == np.complex128
    assert wide.tobytes() == array.astype(np.complex128).tobytes()
    assert content.links is not None
    assert len(content.links) == 8 * 53


def test_a_real_number_is_complex_without_an_imaginary_part() -> None:
    array = np.array([-0.0, 3.5], dtype=np.float32)
    found = widened(("float32", (2,), array), "complex64")
    assert found is not None
    assert found[1][2].view(np.float32).tobytes() == (
        np.array([-0.0, 0, 3.5, 0], dtype=np.float32).tobytes()
    )


def test_whole_numbers_beside_bfloat16() -> None:
    found = widened(("int8", (2,), np.array([-3, 127], dtype=np.int8)), "bfloat16")
    assert found is not None
    assert [hex(word) for word in found[1][2]] == ["0xc040", "0x42fe"]
    assert widened(("int16", (1,), np.array([257], dtype=np.int16)), "bfloat16") is None


def test_whole_numbers_of_4_bits_in_their_bytes() -> None:
    found = widened(("int4", (2,), np.array([-8, 7], dtype=np.int8)), "int16")
    assert found is not None
    assert found[1][2].tolist() == [-8, 7]
    assert found[0].links is None
