"""Orders of addition: what is exact is exact, what is reproducible does not depend on the order."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqc_runner.adapters import numpy_sums
from eqc_runner.adapters.numpy_sums import FORMS
from eqc_runner.models.builtin.sum import SUM_FORMS

ROWS = st.integers(1, 70).flatmap(
    lambda n: st.lists(
        st.lists(st.floats(-1e6, 1e6, width=32), min_size=n, max_size=n), min_size=1, max_size=3
    )
)


def test_the_model_names_the_forms_there_are() -> None:
    assert set(SUM_FORMS) == set(FORMS)
    assert SUM_FORMS[0] == "library"


@given(ROWS, st.sampled_from(sorted(FORMS)))
def test_every_form_sums_within_its_bound(rows: list[list[float]], form: str) -> None:
    values = np.array(rows, np.float32)
    found = FORMS[form](values)
    assert (found.dtype, found.shape) == (np.float32, (len(rows),))
    unit = 2.0**-24
    for row, got in zip(values.astype(np.float64).tolist(), found.tolist(), strict=True):
        bound = unit * (len(row) + 2) * sum(map(abs, row)) * 1.01 + 1e-40
        assert abs(got - math.fsum(row)) <= bound


@given(ROWS)
def test_exact_is_correctly_rounded_to_double_and_then_to_single(rows: list[list[float]]) -> None:
    values = np.array(rows, np.float32)
    wanted = [np.float32(math.fsum(row)) for row in values.astype(np.float64).tolist()]
    assert numpy_sums.exact(values).tobytes() == np.array(wanted, np.float32).tobytes()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_reproducible_sums_do_not_depend_on_the_order(dtype: type) -> None:
    generator = np.random.default_rng(7)
    scale = 1.0 if dtype is np.float16 else 1e3
    values = (generator.standard_normal((4, 301)) * scale).astype(dtype)
    first = numpy_sums.reproducible(values)
    for _ in range(20):
        assert numpy_sums.reproducible(generator.permuted(values, axis=1)).tobytes() == (
            first.tobytes()
        )
    assert np.all(np.isfinite(first))


@given(ROWS, st.randoms())
def test_reproducible_of_any_numbers(rows: list[list[float]], shuffle: object) -> None:
    values = np.array(rows, np.float32)
    order = list(range(values.shape[1]))
    shuffle.shuffle(order)  # type: ignore[attr-defined]
    assert (
        numpy_sums.reproducible(values).tobytes()
        == numpy_sums.reproducible(np.ascontiguousarray(values[:, order])).tobytes()
    )


def test_reproducible_sums_of_the_smallest_and_of_half_precision() -> None:
    least = np.full((1, 5), 2.0**-149, np.float32)
    assert numpy_sums.reproducible(least).tolist() == [5 * 2.0**-149]
    half = np.full((1, 4096), 0.01, np.float16)
    assert numpy_sums.reproducible(half).tobytes() == numpy_sums.exact(half).tobytes()


def test_the_toy_of_three_numbers() -> None:
    """1 + 2**-23 survives or not, by the order alone."""
    x, y, z = np.float32(1), np.float32(2**-24), np.float32(2**-24)
    forwards = numpy_sums.sequential(np.array([[x, y, z]], np.float32))[0]
    back = numpy_sums.backwards(np.array([[x, y, z]], np.float32))[0]
    assert (forwards, back) == (np.float32(1), np.float32(1 + 2**-23))


def test_compensation() -> None:
    """Neumaier's own example: the large term comes last."""
    row = np.array([[1.0, 1e30, 1.0, -1e30]], np.float32)
    assert numpy_sums.neumaier(row).tolist() == [2.0]
    assert numpy_sums.kahan(row).tolist() == [0.0]
