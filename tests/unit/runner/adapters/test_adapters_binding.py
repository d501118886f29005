"""Inputs by name, shape, batch and type; flags by name and type."""

from __future__ import annotations

import numpy as np
import pytest

from eqc_runner.adapters.binding import InputSpec, bind
from eqc_runner.adapters.settings import read_flags
from eqc_runner.failures import Failed

IMAGE = InputSpec("image:0", (None, 2, 3), "float32")
MASK = InputSpec("mask", None, "int64")


def test_a_single_unnamed_tensor_is_the_only_input() -> None:
    bound = bind({"input": np.zeros((4, 2, 3))}, [IMAGE], None)
    assert list(bound) == ["image:0"]
    assert bound["image:0"].dtype == np.float32


@pytest.mark.parametrize("given", [["input"], ["image:0"], ["image:0", "mask", "more"], []])
def test_other_names(given: list[str]) -> None:
    with pytest.raises(Failed, match=r"image:0, mask; given were") as caught:
        bind({name: np.zeros((1, 2, 3)) for name in given}, [IMAGE, MASK], None)
    assert caught.value.code == "input-missing"


def test_batch_repeats_in_order() -> None:
    array = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
    bound = bind({"image:0": array}, [IMAGE], 6)["image:0"]
    assert np.array_equal(bound, np.concatenate([array, array, array]))
    with pytest.raises(Failed, match="batch 3"):
        bind({"image:0": array}, [IMAGE], 3)


@pytest.mark.parametrize("shape", [(1, 2, 4), (2, 3), (1, 1, 2, 3), ()])
def test_wrong_shapes(shape: tuple[int, ...]) -> None:
    with pytest.raises(Failed, match=r"expected \(any, 2, 3\), got") as caught:
        bind({"input": np.zeros(shape)}, [IMAGE], None)
    assert caught.value.code == "wrong-shape"


def test_floats_are_not_cut_to_integers() -> None:
    with pytest.raises(Failed, match="expected int64, got float32"):
        bind({"mask": np.zeros(3, np.float32)}, [MASK], None)
    assert bind({"mask": np.ones(3, np.uint8)}, [MASK], None)["mask"].dtype == np.int64


@pytest.mark.parametrize("flags", [{"fast": True}, {"mode": "c"}, {"on": 1}, {"mode": None}])
def test_other_flags(flags: dict[str, object]) -> None:
    with pytest.raises(Failed, match=r"mode: a\|b, on: bool"):
        read_flags(flags, {"mode": ("a", "b"), "on": bool}, "some")
