"""Sub-models that end at a tensor: they hold only what it needs, and give the same bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from adapter_loading import Load

from eqc_runner.adapters import onnx_cut
from eqc_runner.tensor import Unrecorded

pytestmark = pytest.mark.frameworks


def model() -> onnx.ModelProto:
    """Two branches of the input; the second one only where ``y`` is asked for."""
    make, value = onnx.helper.make_node, onnx.helper.make_tensor_value_info
    float32 = onnx.TensorProto.FLOAT
    weights = onnx.numpy_helper.from_array(np.full((3, 3), 0.1, dtype=np.float32), "w")
    other = onnx.numpy_helper.from_array(np.full((3, 3), 0.3, dtype=np.float32), "v")
    nodes = [
        make("MatMul", ["x", "w"], ["a"], name="first"),
        make("Relu", ["a"], ["b"], name="second"),
        make("MatMul", ["x", "v"], ["c"], name="third"),
        make("Add", ["b", "c"], ["y"], name="fourth"),
    ]
    graph = onnx.helper.make_graph(
        nodes,
        "g",
        [value("x", float32, [1, 3])],
        [value("y", float32, [1, 3])],
        [weights, other],
    )
    opset = onnx.helper.make_opsetid("", 17)
    return onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8)


def test_only_what_the_tensor_needs_is_kept() -> None:
    part = onnx.ModelProto()
    part.ParseFromString(onnx_cut.ending_at(onnx, model(), "b"))
    assert [node.name for node in part.graph.node] == ["first", "second"]
    assert [each.name for each in part.graph.initializer] == ["w"]
    assert [each.name for each in part.graph.output] == ["b"]
    assert [each.name for each in part.graph.input] == ["x"]


def test_graphs_within_a_node_are_seen() -> None:
    whole = model()
    inner = onnx.helper.make_graph(
        [onnx.helper.make_node("Neg", ["b"], ["n"])],
        "then",
        [],
        [onnx.helper.make_tensor_value_info("n", onnx.TensorProto.FLOAT, None)],
    )
    branch = onnx.helper.make_node("If", ["flag"], ["z"], then_branch=inner, else_branch=inner)
    whole.graph.node.append(branch)
    part = onnx.ModelProto()
    part.ParseFromString(onnx_cut.ending_at(onnx, whole, "z"))
    assert [node.op_type for node in part.graph.node] == ["MatMul", "Relu", "If"]


@pytest.mark.parametrize("flags", [{"optimization": "none"}, {"optimization": "all"}])
def test_a_file_s_layers_one_by_one(load: Load, tmp_path: Path, flags: dict[str, str]) -> None:
    onnx.save(model(), str(tmp_path / "m.onnx"))
    loaded = load("onnxruntime", source="onnx", path="m.onnx", precision="stored", flags=flags)
    x = {"x": np.array([[0.5, -1, 3]], dtype=np.float32)}
    (_, final), = loaded.run(x)  # fmt: skip
    cut = loaded.run_cut(x)  # type: ignore[attr-defined]
    assert [(layer.name, layer.operation) for layer in cut] == [
        ("a", "matmul"),
        ("b", "relu"),
        ("c", "matmul"),
        ("y", "add"),
    ]
    assert not any(isinstance(layer.tensor, Unrecorded) for layer in cut)
    # The part that ends at the model's own output is the model.
    assert cut[-1].tensor.array.tobytes() == final.array.tobytes()  # type: ignore[union-attr]


def test_a_builtin_model_s_layers_one_by_one(load: Load) -> None:
    loaded = load("onnxruntime", "lenet5", weights="seed:1")
    x = {"input": np.random.default_rng(0).random((1, 32, 32, 1), dtype=np.float32)}
    (_, final), = loaded.run(x)  # fmt: skip
    cut = loaded.run_cut(x)  # type: ignore[attr-defined]
    assert [layer.name for layer in cut][:3] == ["conv2d", "activation", "pooling2d"]
    assert cut[0].tensor.array.shape == (1, 28, 28, 6)  # type: ignore[union-attr]
    assert cut[-1].tensor.array.tobytes() == final.array.tobytes()  # type: ignore[union-attr]
