"""Rows of a batch, and inputs of other types, from the file to the stored observation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from orchestrator.store.read import read
from tests.e2e.running import eqc, written

HEAD = """\
schema: 1
name: small
platforms: [{provider: local}]
isolation: process
"""


def test_row_0_of_any_batch_has_one_shape(tmp_path: Path) -> None:
    text = HEAD + (
        'workloads: [{model: "builtin:lenet5", on: [numpy]}]\n'
        "inputs: [{images: [digits:0]}]\n"
        "vary: {batch: [1, 2, 8]}\n"
        "observe: {row: 0, sessions: 1, layers: true}\n"
    )
    done = eqc("run", written(tmp_path, text), "--results", "store", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = read(tmp_path / "store").records
    assert sorted(each.variant.batch or 0 for each in found) == [1, 2, 8]
    assert {each.variant.row for each in found} == {"0"}
    shapes = {(output.name, output.shape) for each in found for output in each.outputs}
    assert len(shapes) == len({name for name, _ in shapes})
    assert all(shape[0] == 1 for _, shape in shapes)
    assert ("output", (1, 10)) in shapes


@pytest.mark.frameworks
def test_a_row_of_a_scalar_is_a_failed_row(tmp_path: Path) -> None:
    import onnx
    from onnx import TensorProto, helper

    values = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3]),
              helper.make_tensor_value_info("sum", TensorProto.FLOAT, [])]  # fmt: skip
    node = helper.make_node("ReduceSum", ["x"], ["sum"], keepdims=0)
    graph = helper.make_graph([node], "total", values[:1], values[1:])
    opset = helper.make_opsetid("", 17)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=8)
    onnx.save(model, str(tmp_path / "total.onnx"))
    text = HEAD + (
        'workloads: [{model: "onnx:total.onnx"}]\n'
        "inputs: [{random: {shape: [2, 3]}}]\n"
        "observe: {row: 0, sessions: 1}\n"
    )
    done = eqc("run", written(tmp_path, text), "--results", "store", cwd=tmp_path)
    assert done.returncode == 5
    (found,) = read(tmp_path / "store").records
    assert found.reason is not None
    assert found.reason.code == "wrong-shape"
    assert "output 'sum' of shape () has no row 0" in found.reason.message


def test_a_conversion_is_recorded_and_another_value_is_no_result(tmp_path: Path) -> None:
    np.savez(tmp_path / "fits.npz", input=np.arange(1024).reshape(1, 32, 32, 1))
    np.savez(tmp_path / "rounded.npz", input=np.full((1, 32, 32, 1), 0.1))
    text = HEAD + (
        'workloads: [{model: "builtin:lenet5", on: [numpy]}]\n'
        "inputs:\n"
        "  - files: [fits.npz]\n"
        "  - files: [rounded.npz]\n"
        "observe: {sessions: 1}\n"
    )
    refused = eqc("run", written(tmp_path, text), "--results", "store", cwd=tmp_path)
    assert refused.returncode == 2
    assert (
        "experiment.yaml:8:13: tensor 'input' has 0.1 (float64) at [0, 0, 0, 0]" in refused.stderr
    )
    assert not (tmp_path / "store").exists()
    text = text.replace("  - files: [rounded.npz]\n", "  - {files: [rounded.npz], cast: true}\n")
    done = eqc("run", written(tmp_path, text), "--results", "store", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {each.input.label: each.converted for each in read(tmp_path / "store").records} == {
        "fits.npz": ("input: int64 → float32",),
        "rounded.npz": ("input: float64 → float32 (rounded)",),
    }


@pytest.mark.frameworks
def test_texts_and_tokens_reach_a_model(tmp_path: Path) -> None:
    import onnx
    from onnx import TensorProto, helper

    values = [helper.make_tensor_value_info("said", TensorProto.STRING, ["batch"]),
              helper.make_tensor_value_info("ids", TensorProto.INT64, ["batch", "length"]),
              helper.make_tensor_value_info("number", TensorProto.FLOAT, ["batch"]),
              helper.make_tensor_value_info("same", TensorProto.INT64, None)]  # fmt: skip
    nodes = [helper.make_node("Cast", ["said"], ["number"], to=TensorProto.FLOAT),
             helper.make_node("Identity", ["ids"], ["same"])]  # fmt: skip
    graph = helper.make_graph(nodes, "numbers", values[:2], values[2:])
    opset = helper.make_opsetid("", 17)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=8), tmp_path / "n.onnx")
    text = HEAD + (
        'workloads: [{model: "onnx:n.onnx"}]\n'
        "inputs:\n"
        "  - tensors:\n"
        '      said: {text: ["1.5", "-2"]}\n'
        "      ids: {tokens: {text: [ab, c], by: bytes, length: 2}}\n"
        "observe: {sessions: 1}\n"
    )
    done = eqc("run", written(tmp_path, text), "--results", "store", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    (found,) = read(tmp_path / "store").records
    assert found.variant.label == "onnxruntime as stored"
    (folder,) = (tmp_path / "store").glob("small/*/tensors")
    kept = {output.name: (folder / output.digest).read_bytes() for output in found.outputs}
    assert kept == {
        "output:number": b'{"dtype":"float32","shape":[2]}\n' + np.float32([1.5, -2]).tobytes(),
        "output:same": b'{"dtype":"int64","shape":[2,2]}\n'
        + np.array([[97, 98], [99, 0]]).tobytes(),
    }
