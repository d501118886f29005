"""The rule by which planning refuses a value is the one by which the runner converts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqc_runner.adapters.conversion import DTYPES, InexactError, convert
from orchestrator.experiment.exactness import first_misfit
from orchestrator.experiment.model_inputs import model_input

SOURCES = [dtype for dtype in DTYPES if dtype != "bfloat16"]
SPECIAL = [0.0, -0.0, 1.0, 0.5, 2049.0, 65504.0, 65519.0, 65520.0, 2.0**24 + 1, 2.0**63, 2.0**64,
           3.3e38, 3.3953e38, 1e39, 1e-45, 1e-300, 5e-324, float("inf"), float("nan")]  # fmt: skip


def runners(array: np.ndarray, dtype: str, *, rounding: bool) -> tuple[int, ...] | None:
    try:
        convert(array, dtype, rounding=rounding)
    except InexactError as error:
        return error.index
    return None


def arrays(dtype: str) -> st.SearchStrategy[np.ndarray]:
    size = np.dtype(dtype).itemsize
    if dtype == "bool":
        return st.lists(st.booleans(), max_size=4).map(lambda found: np.array(found, bool))

    def cut(found: list[float]) -> np.ndarray:
        with np.errstate(all="ignore"):
            return np.array(found).astype(dtype)

    bits = st.binary(max_size=4 * size).map(lambda raw: raw[: len(raw) // size * size])
    return bits.map(lambda raw: np.frombuffer(raw, dtype)) | (
        st.lists(st.sampled_from(SPECIAL), max_size=4).map(cut)
        if np.dtype(dtype).kind in "fc"
        else st.lists(st.integers(0, 8 * size - 1), max_size=4).map(
            lambda places: np.array([1 << p for p in places], f"u{size}").view(dtype)
        )
    )


def test_the_dtypes_are_the_runners() -> None:
    assert set(DTYPES) == model_input.DTYPES


@settings(max_examples=1000, deadline=None)
@given(st.data(), st.sampled_from(SOURCES), st.sampled_from(DTYPES), st.booleans())
def test_planning_and_runner_agree(
    data: st.DataObject, source: str, wanted: str, rounding: bool
) -> None:
    array = data.draw(arrays(source))
    expected = runners(array, wanted, rounding=rounding)
    assert first_misfit(array, wanted, rounding=rounding) == expected


@pytest.mark.parametrize("wanted", DTYPES)
@pytest.mark.parametrize("source", ["float32", "float64", "complex64"])
def test_special_values_one_by_one(source: str, wanted: str) -> None:
    for value in SPECIAL:
        for sign in (1.0, -1.0):
            with np.errstate(all="ignore"):
                array = np.array([[value * sign]]).astype(source)
            for rounding in (False, True):
                expected = runners(array, wanted, rounding=rounding)
                assert first_misfit(array, wanted, rounding=rounding) == expected, (value, sign)


@pytest.mark.parametrize("wanted", DTYPES)
@pytest.mark.parametrize("source", [dtype for dtype in SOURCES if "int" in dtype])
def test_whole_numbers_around_powers_of_two(source: str, wanted: str) -> None:
    limits = np.iinfo(source)
    near = [sign * (1 << place) + more for place in range(64) for more in (-1, 0, 1)
            for sign in (1, -1)]  # fmt: skip
    for number in [65504, 65519, 65520, *near]:
        if limits.min <= number <= limits.max:
            array = np.array([number], source)
            for rounding in (False, True):
                expected = runners(array, wanted, rounding=rounding)
                assert first_misfit(array, wanted, rounding=rounding) == expected, number
