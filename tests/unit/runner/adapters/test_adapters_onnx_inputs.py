"""Inputs of ONNX models: texts, sequences, optional ones, bfloat16, any rank, and none at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx_models
import pytest
from adapter_loading import Load
from onnx_models import KERNEL

from eqc_runner.failures import Failed, Unsupported

pytestmark = pytest.mark.frameworks

Run = Callable[..., np.ndarray]


@pytest.fixture
def run(load: Load, tmp_path: Path) -> Run:
    """A function that runs a model on inputs and returns its only output."""

    def running(make: Callable[[], Any], **inputs: np.ndarray) -> np.ndarray:
        onnx_models.write(tmp_path / "m.onnx", make)
        model = load("onnxruntime", source="onnx", path="m.onnx", precision="stored")
        ((_, tensor),) = model.run(inputs)
        return tensor.array

    return running


def test_texts(run: Run) -> None:
    assert run(onnx_models.texts, s=np.array(["bü", "a", "bü"])).tolist() == [2.5, 1.5, 2.5]
    assert run(onnx_models.texts, input=np.array(["a"])).tolist() == [1.5]
    with pytest.raises(Failed, match="input 's' is int64, the model takes string"):
        run(onnx_models.texts, s=np.array([1]))
    with pytest.raises(Failed, match="is string, the model takes float32"):
        run(onnx_models.split, x=np.array([["a", "b", "c"]]))


def test_the_tensors_of_a_sequence_are_numbered(run: Run) -> None:
    given = {f"q.{index}": np.full(index % 3 + 1, index, np.float32) for index in range(11)}
    wanted = np.concatenate(list(given.values()))
    assert run(onnx_models.joined, **given).tolist() == wanted.tolist()
    with pytest.raises(Failed, match=r"'q' is a sequence of float32 tensors: name them q\.0, q\.1"):
        run(onnx_models.joined, q=np.ones(3, np.float32))
    del given["q.4"]
    with pytest.raises(Failed, match=r"given were .*q\.5"):
        run(onnx_models.joined, **given)


def test_an_optional_input_may_be_left_out(run: Run) -> None:
    assert run(onnx_models.optional, o=np.ones(3, np.float32)).tolist() is True
    assert run(onnx_models.optional).tolist() is False


def test_bfloat16_is_given_its_bits(run: Run) -> None:
    given = np.array([1.5, -0.0, np.inf], np.float32)
    assert run(onnx_models.bfloat16_input, b=given).tobytes() == given.tobytes()


def test_a_model_without_inputs(run: Run) -> None:
    assert run(onnx_models.nothing).tobytes() == (-KERNEL).tobytes()
    with pytest.raises(Failed, match="the model's inputs are none; given were x"):
        run(onnx_models.nothing, x=KERNEL)


def test_a_map_cannot_be_given(run: Run) -> None:
    with pytest.raises(Unsupported, match=r"'m' is of type map\(string,tensor\(float\)\)"):
        run(onnx_models.mapped, m=KERNEL)
