"""Widening is exact: every value stays, and comes back."""

from __future__ import annotations

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
