"""Inputs by name, shape, batch and type; flags by name and type."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from eqc_runner import adapters
from eqc_runner.adapters.binding import InputSpec, bfloat16_bits, bind
from eqc_runner.adapters.protocol import Settings
from eqc_runner.adapters.settings import read_flags
from eqc_runner.failures import Failed

IMAGE = InputSpec("image:0", (None, 2, 3), "float32")
MASK = InputSpec("mask", None, "int64")
PLAIN = Settings("float32", None, None, "cpu", {})


def test_a_single_unnamed_tensor_is_the_only_input() -> None:
    bound = bind({"input": np.zeros((4, 2, 3))}, [IMAGE], PLAIN)
    assert list(bound.arrays) == ["image:0"]
    assert bound.arrays["image:0"].dtype == np.float32
    assert bound.converted == ("image:0: float64 → float32",)


@pytest.mark.parametrize("given", [["input"], ["image:0"], ["image:0", "mask", "more"], []])
def test_other_names(given: list[str]) -> None:
    with pytest.raises(Failed, match=r"image:0, mask; given were") as caught:
        bind({name: np.zeros((1, 2, 3)) for name in given}, [IMAGE, MASK], PLAIN)
    assert caught.value.code == "input-missing"


def test_batch_repeats_in_order() -> None:
    array = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
    bound = bind({"image:0": array}, [IMAGE], PLAIN._replace(batch=6)).arrays["image:0"]
    assert np.array_equal(bound, np.concatenate([array, array, array]))
    with pytest.raises(Failed, match="batch 3"):
        bind({"image:0": array}, [IMAGE], PLAIN._replace(batch=3))


@pytest.mark.parametrize("shape", [(1, 2, 4), (2, 3), (1, 1, 2, 3), ()])
def test_wrong_shapes(shape: tuple[int, ...]) -> None:
    with pytest.raises(Failed, match=r"expected \(any, 2, 3\), got") as caught:
        bind({"input": np.zeros(shape)}, [IMAGE], PLAIN)
    assert caught.value.code == "wrong-shape"


@pytest.mark.parametrize(
    ("element", "dtype", "text"),
    [
        (np.int64(300), "uint8", "300 (int64)"),
        (np.int32(-1), "uint8", "-1 (int32)"),
        (np.int64(2**31), "int32", "2147483648 (int64)"),
        (np.int64(2**40), "int32", "1099511627776 (int64)"),
        (np.int64(2), "bool", "2 (int64)"),
        (np.complex128(1 + 2j), "float32", "(1+2j) (complex128)"),
        (np.float64(1e6), "float16", "1000000.0 (float64)"),
        (np.float32(0.5), "int64", "0.5 (float32)"),
        (np.float32(-0.0), "int64", "-0.0 (float32)"),
    ],
)
@pytest.mark.parametrize("cast", [False, True])
def test_what_does_not_fit_is_an_error(
    element: np.generic, dtype: str, text: str, cast: bool
) -> None:
    given = np.array([[0, 1], [element, element]], element.dtype)
    with pytest.raises(Failed) as caught:
        bind({"x": given}, [InputSpec("x", None, dtype)], PLAIN._replace(cast=cast))
    assert caught.value.code == "inexact-input"
    assert f"element [1, 0] of input 'x' is {text}" in caught.value.message
    assert caught.value.message.endswith(f"give the tensor as {dtype}")
    assert "cast" not in caught.value.message


@pytest.mark.parametrize(
    ("element", "dtype"),
    [(np.int64(2**53 + 1), "float64"), (np.float64(0.1), "float32"), (np.float32(0.1), "float16")],
)
def test_rounding_wants_a_word(element: np.generic, dtype: str) -> None:
    expected = [InputSpec("x", None, dtype)]
    with pytest.raises(Failed, match="say 'cast: true' at this input in the experiment file"):
        bind({"x": np.array([element])}, expected, PLAIN)
    made = bind({"x": np.array([element])}, expected, PLAIN._replace(cast=True))
    assert made.converted == (f"x: {element.dtype} → {dtype} (rounded)",)
    assert made.arrays["x"].dtype == dtype


def test_a_nan_that_does_not_fit_shows_its_bits() -> None:
    given = np.array([0x7F800001], np.uint32).view(np.float32)
    with pytest.raises(Failed, match=r"nan \(0x7f800001\) \(float32\)"):
        bind({"x": given}, [InputSpec("x", None, "float16")], PLAIN)


def test_a_cells_precision_asks_for_its_floats() -> None:
    given = {"input": np.array([0.1], np.float32)}
    half, brief = PLAIN._replace(precision="float16"), PLAIN._replace(precision="bfloat16")
    made = bind(given, [InputSpec("x", None, "float16")], half)
    assert made.converted == ("x: float32 → float16 (rounded)",)
    with pytest.raises(Failed, match="give the tensor as float16"):
        bind({"x": np.array([2049])}, [InputSpec("x", None, "float16")], half)
    with pytest.raises(Failed, match="give the tensor as float16"):
        bind({"x": np.array([7e4], np.float32)}, [InputSpec("x", None, "float16")], half)
    carried = bind(given, [InputSpec("x", None, "bfloat16")], brief)
    assert carried.converted == ("x: float32 → bfloat16 (rounded)",)
    assert carried.arrays["x"].dtype == np.float32
    assert bfloat16_bits(carried.arrays["x"]).tolist() == [0x3DCD]


def test_what_fits_is_converted_and_said() -> None:
    made = bind({"mask": np.ones(3, np.uint8)}, [MASK], PLAIN)
    assert made.arrays["mask"].dtype == np.int64
    assert made.converted == ("mask: uint8 → int64",)
    assert bind({"mask": np.ones(3, np.int64)}, [MASK], PLAIN).converted == ()


@pytest.mark.parametrize("dtype", ["string", "seq(tensor(float))", "int4"])
def test_a_model_may_take_no_numbers(dtype: str) -> None:
    with pytest.raises(Failed, match=f"the model takes {re.escape(dtype)}") as caught:
        bind({"x": np.zeros(3, np.float32)}, [InputSpec("x", None, dtype)], PLAIN)
    assert caught.value.code == "inexact-input"


def test_a_scalar_stays_one() -> None:
    bound = bind({"x": np.array(2.0)}, [InputSpec("x", (), "float32")], PLAIN)
    assert bound.arrays["x"].shape == ()


@pytest.fixture
def some(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A framework with flags of each kind."""
    flags = {"mode": ["a", "b"], "on": "boolean", "size": "integer", "option.*": "text"}
    content = {"sources": [], "adapter": "a:B", "install": "some", "flags": flags}
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "framework.json").write_text(json.dumps(content))
    monkeypatch.setenv(adapters.FOLDERS_VARIABLE, str(tmp_path))
    return "some"


@pytest.mark.parametrize(
    "flags",
    [{"fast": True}, {"mode": "c"}, {"on": 1}, {"mode": None}, {"size": True}, {"option.a": 1}],
)
def test_other_flags(some: str, flags: dict[str, object]) -> None:
    with pytest.raises(Failed, match=r"mode: a\|b, on: boolean, size: integer, option.\*: text"):
        read_flags(flags, some)


def test_flags_of_each_kind(some: str) -> None:
    flags = {"mode": "a", "on": False, "size": 3, "option.a": "1", "option.b": "x"}
    assert read_flags(flags, some) == flags


def test_texts_are_given_to_models_that_take_texts() -> None:
    texts = np.array(["one", "zwölf"])
    bound = bind({"said": texts}, [InputSpec("said", (None,), "string")], PLAIN._replace(batch=4))
    assert bound.arrays["said"].tolist() == ["one", "zwölf", "one", "zwölf"]
    assert bound.converted == ()
    with pytest.raises(Failed, match="is string, the model takes int64"):
        bind({"mask": texts}, [MASK], PLAIN)
    with pytest.raises(Failed, match="is int64, the model takes string"):
        bind({"said": np.arange(2)}, [InputSpec("said", (None,), "string")], PLAIN)
