"""Inputs that do not fit their model are mistakes of the experiment file, with line and column."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from .conftest import Load, Told, text_of

BUILTIN = """\
workloads:
  - {model: "builtin:lenet5", on: [numpy]}
"""
USER = """\
workloads:
  - {model: onnx:net.onnx, on: onnxruntime}
"""


def files(*names: str, more: str = "") -> str:
    return f"inputs:\n  - files: [{', '.join(names)}]\n{more}"


def write(path: Path, **inputs: tuple[str, list[Any] | None]) -> None:
    """An ONNX model that takes ``inputs``, (element type, shape) by name."""
    import onnx
    from onnx import helper

    values = [
        helper.make_tensor_value_info(name, getattr(onnx.TensorProto, element), shape)
        for name, (element, shape) in inputs.items()
    ]
    node = helper.make_node("Identity", [next(iter(inputs))], ["y"])
    result = helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)
    onnx.save(helper.make_model(helper.make_graph([node], "g", values, [result])), str(path))


@pytest.mark.frameworks
def test_names_name_the_models_inputs(told: Told, tmp_path: Path) -> None:
    write(tmp_path / "net.onnx", image=("FLOAT", ["N", 3]), mask=("BOOL", None))
    np.savez(tmp_path / "x.npz", picture=np.zeros((1, 3), np.float32))
    (mistake,) = told(text_of(workloads=USER, inputs=files("x.npz")))
    assert (mistake.line, mistake.column) == (6, 13)
    assert mistake.message == (
        "workload 'net' takes image: float32 (any, 3); mask: bool; given is picture: "
        "name the tensors so"
    )


@pytest.mark.frameworks
@pytest.mark.parametrize("name", ["input", "image"])
def test_a_lone_tensor_may_have_the_common_name(load: Load, tmp_path: Path, name: str) -> None:
    write(tmp_path / "net.onnx", image=("FLOAT", ["N", 3]))
    np.savez(tmp_path / "x.npz", **{name: np.zeros((2, 3), np.float32)})
    load(text_of(workloads=USER, inputs=files("x.npz")))


@pytest.mark.frameworks
@pytest.mark.parametrize("shape", [(1, 4), (3,), (1, 1, 3), ()])
def test_shapes(told: Told, tmp_path: Path, shape: tuple[int, ...]) -> None:
    write(tmp_path / "net.onnx", image=("FLOAT", ["N", 3]))
    np.save(tmp_path / "x.npy", np.zeros(shape, np.float32))
    (mistake,) = told(text_of(workloads=USER, inputs=files("x.npy")))
    assert (mistake.line, mistake.column) == (6, 13)
    assert "does not fit: workload 'net' takes image: float32 (any, 3)" in mistake.message


@pytest.mark.frameworks
@pytest.mark.parametrize(
    ("element", "value", "text"),
    [
        ("UINT8", np.int64(300), "300 (int64) at [1], which is no value of uint8; give it"),
        ("UINT8", np.int64(-1), "-1 (int64) at [1], which is no value of uint8; give it"),
        ("INT32", np.int64(2**31), "2147483648 (int64) at [1], which is no value of int32; give"),
        ("BOOL", np.int64(2), "2 (int64) at [1], which is no value of bool; give it as bool"),
        ("FLOAT", np.complex128(2j), "2j (complex128) at [1], which is no value of float32; give"),
        ("FLOAT16", np.float32(1e6), "1000000.0 (float32) at [1], which is no value of float16; g"),
        ("DOUBLE", np.int64(2**53 + 1), "at [1], which is no value of float64; say 'cast: true'"),
        ("FLOAT", np.float64(0.1), "0.1 (float64) at [1], which is no value of float32; say 'cas"),
    ],
)
def test_values(told: Told, tmp_path: Path, element: str, value: Any, text: str) -> None:
    write(tmp_path / "net.onnx", x=(element, ["N"]))
    np.savez(tmp_path / "x.npz", x=np.array([0, value, value], value.dtype))
    (mistake,) = told(text_of(workloads=USER, inputs=files("x.npz")))
    assert text in mistake.message
    assert (mistake.line, mistake.column) == (6, 13)


@pytest.mark.frameworks
def test_values_that_fit_or_may_be_rounded(load: Load, tmp_path: Path) -> None:
    write(tmp_path / "net.onnx", x=("FLOAT", ["N"]))
    np.savez(tmp_path / "x.npz", x=np.array([0.5, -0.0, np.inf, np.nan]))
    load(text_of(workloads=USER, inputs=files("x.npz")))
    np.savez(tmp_path / "x.npz", x=np.array([0.1]))
    experiment = load(text_of(workloads=USER, inputs=files("x.npz", more="    cast: true\n")))
    ((given, _),) = experiment.inputs
    assert given.cast


@pytest.mark.frameworks
def test_a_picture_of_another_layout(told: Told, tmp_path: Path) -> None:
    write(tmp_path / "net.onnx", image=("FLOAT", ["N", 3, 8, 8]))
    inputs = "inputs:\n  - {images: [digits:0], size: 8, channels: 3}\n"
    (mistake,) = told(text_of(workloads=USER, inputs=inputs))
    assert "of shape (1, 8, 8, 3) does not fit" in mistake.message
    assert (mistake.line, mistake.column) == (6, 15)


@pytest.mark.frameworks
def test_batches(load: Load, told: Told, tmp_path: Path) -> None:
    write(tmp_path / "net.onnx", image=("FLOAT", [2, 3]))
    np.save(tmp_path / "x.npy", np.zeros((2, 3), np.float32))
    vary = "vary: {batch: [2, 4]}\n"
    (mistake,) = told(text_of(vary, workloads=USER, inputs=files("x.npy")))
    assert "of shape (2, 3), repeated to batch 4, does not fit" in mistake.message
    (mistake,) = told(text_of("vary: {batch: [3]}\n", workloads=USER, inputs=files("x.npy")))
    assert "of shape (2, 3) cannot be repeated to batch 3" in mistake.message
    load(text_of(vary + "exclude: [{batch: [4]}]\n", workloads=USER, inputs=files("x.npy")))


def test_a_builtin_models_dtype_is_the_precision(load: Load, told: Told, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.full((1, 32, 32, 1), 0.1))
    (mistake,) = told(text_of(workloads=BUILTIN, inputs=files("x.npy")))
    assert "which is no value of float32; say 'cast: true'" in mistake.message
    load(text_of(workloads=BUILTIN, inputs=files("x.npy", more="    cast: true\n")))
    load(text_of("vary: {precision: float64}\n", workloads=BUILTIN, inputs=files("x.npy")))
    half = "vary: {precision: float16}\n"
    load(text_of(half, workloads=BUILTIN, inputs=files("x.npy")))
    np.save(tmp_path / "x.npy", np.full((1, 32, 32, 1), 1e6, np.float32))
    (mistake,) = told(text_of(half, workloads=BUILTIN, inputs=files("x.npy")))
    assert "1000000.0 (float32) at [0, 0, 0, 0], which is no value of float16; give" in (
        mistake.message
    )


def test_a_builtin_models_input_has_a_name(told: Told, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", picture=np.zeros((1, 32, 32, 1), np.float32))
    (mistake,) = told(text_of(workloads=BUILTIN, inputs=files("x.npz")))
    assert "takes input: (any, 32, 32, 1); given is picture" in mistake.message


def test_a_file_that_cannot_be_read_is_left_to_its_framework(load: Load, tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(b"x")
    np.savez(tmp_path / "x.npz", anything=np.zeros(3))
    load(text_of(workloads=USER, inputs=files("x.npz")))


@pytest.mark.frameworks
def test_a_sequence_is_given_by_number(load: Load, told: Told, tmp_path: Path) -> None:
    import onnx
    from onnx import helper

    sequence = helper.make_tensor_sequence_value_info("q", onnx.TensorProto.FLOAT, None)
    node = helper.make_node("ConcatFromSequence", ["q"], ["y"], axis=0)
    result = helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)
    graph = helper.make_graph([node], "g", [sequence], [result])
    onnx.save(helper.make_model(graph), str(tmp_path / "net.onnx"))
    one, two = np.ones(3, np.float32), np.ones((2, 3), np.float32)
    np.savez(tmp_path / "x.npz", **{"q.0": one, "q.1": two})
    load(text_of(workloads=USER, inputs=files("x.npz")))
    for given in ({"q": one}, {"q.0": one, "q.2": two}, {"input": one}):
        np.savez(tmp_path / "x.npz", **given)
        (mistake,) = told(text_of(workloads=USER, inputs=files("x.npz")))
        assert "takes q: a sequence of float32, as q.0, q.1 and on; given is" in mistake.message
    np.savez(tmp_path / "x.npz", **{"q.0": np.array([0.1])})
    (mistake,) = told(text_of(workloads=USER, inputs=files("x.npz")))
    assert "tensor 'q.0' has 0.1 (float64)" in mistake.message


@pytest.mark.frameworks
def test_a_model_without_inputs_gets_nothing(load: Load, told: Told, tmp_path: Path) -> None:
    write(tmp_path / "net.onnx", image=("FLOAT", ["N", 3]))
    import onnx

    model = onnx.load(str(tmp_path / "net.onnx"))
    weights = onnx.numpy_helper.from_array(np.ones((1, 3), np.float32), "image")
    model.graph.initializer.append(weights)
    onnx.save(model, str(tmp_path / "none.onnx"))
    np.savez(tmp_path / "x.npz", image=np.ones((1, 3), np.float32))
    both = USER + "  - {model: onnx:none.onnx, on: onnxruntime}\n"
    experiment = load(text_of(workloads=both, inputs=files("x.npz")))
    assert [
        (given.label, given.tensors == (), targets) for given, targets in experiment.inputs
    ] == [
        ("x.npz", False, frozenset({"net"})),
        ("none", True, frozenset({"none"})),
    ]
    (mistake,) = told(text_of(workloads=both, inputs=files("x.npz", more="    for: [none]\n")))
    assert "workload 'none' takes no inputs" in mistake.message
