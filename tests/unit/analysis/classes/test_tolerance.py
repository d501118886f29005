from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from orchestrator.analysis.classes.tolerance import beyond
from orchestrator.results.tolerance import parse_tolerance
from tests.unit.analysis.classes.test_distance import both, tensor


def reasons(text: str, x: object, y: object, dtype: str = "float32") -> tuple[str, ...]:
    return beyond([parse_tolerance(text)], both(tensor(x, dtype), tensor(y, dtype)))


STARTS = {"float16": 16, "float32": 32, "float64": 64}


@given(st.data(), st.sampled_from(sorted(STARTS)), st.integers(0, 40))
def test_nextafter_n_times_is_n_ulp(data: st.DataObject, dtype: str, steps: int) -> None:
    start = data.draw(st.floats(width=STARTS[dtype], allow_nan=False, allow_infinity=False))
    value = first = np.array([start], dtype=dtype)
    with np.errstate(over="ignore"):
        for _ in range(steps):
            value = np.nextafter(value, np.array([np.inf], dtype=dtype))
    assume(bool(np.isfinite(value).all()))
    for x, y in ((first, value), (value, first)):
        assert reasons(f"{steps}ulp", x, y, dtype) == ()
        if steps:
            fewer = f"{steps - 1}ulp"
            assert reasons(fewer, x, y, dtype) == (f"{fewer}: {steps} ulp",)


@given(st.integers(-0x7F7F, 0x7F7F), st.integers(-0x7F7F, 0x7F7F))
def test_bfloat16_in_integer_order(x: int, y: int) -> None:
    words = [abs(number) | (number < 0) << 15 for number in (x, y)]
    pair = [[word] for word in words]
    assert reasons(f"{abs(x - y)}ulp", *pair, "bfloat16") == ()
    if x != y:
        assert reasons(f"{abs(x - y) - 1}ulp", *pair, "bfloat16") != ()


def test_both_parts_of_complex_numbers_are_judged() -> None:
    assert reasons("atol=0.5", [1 + 2j], [1.5 + 2.5j], "complex64") == ()
    (said,) = reasons("atol=0.5", [1 + 2j, 2], [1 + 3j, 2], "complex64")
    assert said.startswith("atol=0.5: 1 of 2 elements")
    assert reasons("1ulp", [1j, 1], [np.nextafter(1j.imag, 2) * 1j, 1], "complex128") == ()
    (said,) = reasons("1ulp", [complex(np.inf, 1)], [complex(1, 1)], "complex64")
    assert "infinite or NaN, with other bits" in said


def test_the_zeros_are_one_value() -> None:
    assert reasons("0ulp", [0.0], [-0.0]) == ()
    assert reasons("rtol=0", [0.0], [-0.0]) == ()
    assert reasons("0bits", [0.0], [-0.0]) == ("0bits: sign or exponent differ",)


@pytest.mark.parametrize("text", ["0bits", "1000000000ulp", "rtol=1e300,atol=1e300"])
def test_specials_are_tolerated_nowhere(text: str) -> None:
    top = np.finfo(np.float32).max
    other_nan = np.array([0x7FC00001], np.uint32).view(np.float32)
    for x, y in (([np.inf], [top]), ([top], [np.inf]), ([np.nan], [1.0]), ([np.nan], other_nan)):
        assert reasons(text, x, y) == (
            f"{text}: 1 element is infinite or NaN, with other bits on the other side",
        )
    assert reasons(text, [np.inf, np.nan, 1.0], [np.inf, np.nan, 1.0]) == ()


def test_bits_count_leading_ones_that_agree() -> None:
    pair = [1.0], [1.0 + 2.0**-9]
    assert reasons("8bits", *pair) == ()
    assert reasons("9bits", *pair) == ("9bits: 8 bits",)
    assert reasons("0bits", [1.0], [0.99]) == ("0bits: sign or exponent differ",)


def test_bits_of_chains_alone() -> None:
    found = both(tensor([1.0]), tensor([1.0 + 2.0**-9]), stored=[])
    assert beyond([parse_tolerance("8bits")], found) == ()
    assert beyond([parse_tolerance("9bits")], found) == ("9bits: 8 bits",)
    shapes = both(tensor([1.0]), tensor([1.0, 1.0]), stored=[])
    assert beyond([parse_tolerance("0bits")], shapes) == (
        "0bits: sign, exponent, type or shape differ",
    )


@pytest.mark.parametrize("text", ["4ulp", "rtol=1"])
def test_without_a_tensor_nothing_is_within(text: str) -> None:
    (found,) = beyond([parse_tolerance(text)], both(tensor([1.0]), tensor([1.1]), stored=[1]))
    assert found.startswith(f"{text}: cannot be judged: no tensor of ")


def test_integers_have_errors_only() -> None:
    for text in ("4ulp", "4bits"):
        assert reasons(text, [1], [2], "int8") == (
            f"{text}: cannot be judged: the outputs are not floats",
        )
    assert reasons("atol=1", [2**53], [2**53 + 1], "int64") == ()
    assert reasons("atol=0", [2**53], [2**53 + 1], "int64") != ()


def test_relative_to_the_baseline() -> None:
    assert reasons("rtol=0.5", [2.0], [3.0]) == ()
    assert reasons("rtol=0.4", [2.0], [3.0]) == ("rtol=0.4: 1 of 1 element is further",)
    assert reasons("rtol=0.4", [3.0], [2.0]) == ()
    assert reasons("rtol=0.4,atol=0.2", [2.0], [3.0]) == ()


def test_all_of_several_must_hold() -> None:
    found = both(tensor([1.0]), tensor([1.0 + 2.0**-9]))
    given = [parse_tolerance(text) for text in ("8bits", "1ulp", "atol=1e-9")]
    assert [why.partition(":")[0] for why in beyond(given, found)] == ["1ulp", "atol=1e-9"]


finite = st.floats(-(2.0**60), 2.0**60, width=32)


@given(
    arrays(np.float32, (5,), elements=finite),
    arrays(np.float32, (5,), elements=finite),
    st.floats(0, 1),
    st.floats(0, 1e3),
)
def test_as_numpy_judges(x: np.ndarray, y: np.ndarray, rtol: float, atol: float) -> None:
    wide = x.astype(np.float64), y.astype(np.float64)
    expected = np.allclose(wide[1], wide[0], rtol=rtol, atol=atol)
    assert (reasons(f"rtol={rtol!r},atol={atol!r}", x, y) == ()) == expected
