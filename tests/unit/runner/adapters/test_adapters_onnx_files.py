"""Users' ONNX models, made here with the onnx package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from adapter_loading import Load

from eqc_runner.failures import Failed, Unsupported

pytestmark = pytest.mark.frameworks


def write(path: Path, operator: str = "Relu", element: str = "FLOAT") -> np.ndarray:
    """Write a model: an image (batch, 3) times a kernel (3, 2), an operator, a sum.

    Returns the kernel.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    kernel = np.array([[1, -1], [2, -2], [3, 0.5]], helper.tensor_dtype_to_np_dtype(
        getattr(TensorProto, element)))  # fmt: skip
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["image", "kernel"], ["product"]),
            helper.make_node(operator, ["product"], ["active"]),
            helper.make_node("ReduceSum", ["active"], ["sum"], keepdims=0),
        ],
        "user",
        [value("image", getattr(TensorProto, element), ["batch", 3])],
        [value("active", getattr(TensorProto, element), None),
         value("sum", getattr(TensorProto, element), None)],
        [numpy_helper.from_array(kernel, "kernel")],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    assert onnx is not None
    return kernel


def test_every_tensor_is_a_layer(load: Load, tmp_path: Path) -> None:
    kernel = write(tmp_path / "user.onnx")
    model = load("onnxruntime", source="onnx", path="user.onnx")
    image = np.array([[1, 2, -0.5], [-1, -1, 4]], np.float32)
    finals, layers = model.run_layers({"input": image})
    found = {layer.name: layer for layer in layers}
    assert [(x.name, x.operation) for x in layers] == [
        ("product", "matmul"), ("active", "relu"), ("sum", "reducesum")
    ]  # fmt: skip
    assert np.array_equal(found["product"].tensor.array, image @ kernel)
    plain = model.run({"image": image})
    assert [name for name, _ in plain] == [name for name, _ in finals] == ["active", "sum"]
    assert np.array_equal(plain[0][1].array, np.maximum(image @ kernel, 0))
    assert plain[1][1].shape == ()
    assert model.facts.parameters == 6


def test_batch_and_threads(load: Load, tmp_path: Path) -> None:
    write(tmp_path / "user.onnx")
    model = load("onnxruntime", source="onnx", path="user.onnx", batch=4, threads=1)
    outputs = dict(model.run({"image": np.ones((2, 3), np.float32)}))
    assert outputs["active"].shape == (4, 2)


def test_precision_is_the_files(load: Load, tmp_path: Path) -> None:
    write(tmp_path / "user.onnx", element="DOUBLE")
    model = load("onnxruntime", source="onnx", path="user.onnx", precision="float64")
    assert model.run({"image": np.ones((1, 3))})[0][1].dtype == "float64"
    with pytest.raises(Unsupported, match="only in float64") as caught:
        load("onnxruntime", source="onnx", path="user.onnx")
    assert caught.value.code == "unsupported-precision"


@pytest.mark.parametrize(
    ("content", "code"), [(None, "input-missing"), (b"\x08", "exception"), (b"zip", "exception")]
)
def test_broken_files(load: Load, tmp_path: Path, content: Any, code: str) -> None:
    if content is not None:
        (tmp_path / "user.onnx").write_bytes(content)
    with pytest.raises(Failed, match=r"user\.onnx") as caught:
        load("onnxruntime", source="onnx", path="user.onnx")
    assert caught.value.code == code


def test_wrong_inputs(load: Load, tmp_path: Path) -> None:
    write(tmp_path / "user.onnx")
    model = load("onnxruntime", source="onnx", path="user.onnx")
    with pytest.raises(Failed, match=r"expected \(any, 3\), got \(1, 4\)"):
        model.run({"input": np.ones((1, 4), np.float32)})
    with pytest.raises(Failed, match="the model's inputs are image; given were picture"):
        model.run({"picture": np.ones((1, 3), np.float32)})


def test_an_input_of_unknown_rank_takes_any_shape(load: Load, tmp_path: Path) -> None:
    import onnx

    write(tmp_path / "user.onnx")
    model = onnx.load(str(tmp_path / "user.onnx"))
    model.graph.input[0].type.tensor_type.ClearField("shape")
    onnx.save(model, str(tmp_path / "user.onnx"))
    loaded = load("onnxruntime", source="onnx", path="user.onnx")
    assert dict(loaded.run({"image": np.ones((2, 3), np.float32)}))["active"].shape == (2, 2)


def test_what_was_converted_is_said(load: Load, tmp_path: Path) -> None:
    write(tmp_path / "user.onnx")
    model: Any = load("onnxruntime", source="onnx", path="user.onnx")
    model.run({"image": np.ones((1, 3), np.int64)})
    assert model.converted == ("image: int64 → float32",)
    with pytest.raises(Failed, match=r"element \[0, 1\] of input 'image' is 16777217 \(int64\)"):
        model.run({"image": np.array([[1, 2**24 + 1, 0]])})
