"""A model of several files, in a process and in a container."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from orchestrator.store.read import read
from tests.e2e.running import eqc, facts, written

pytestmark = [pytest.mark.docker, pytest.mark.frameworks]

TEXT = """\
schema: 1
name: several-files
workloads: [{model: "onnx:m/net.onnx", on: onnxruntime}]
inputs: [{random: {shape: [2, 64], seed: 1}}]
platforms: [{provider: local}]
observe: {sessions: 1, layers: true}
"""


def test_all_files_of_a_model_reach_its_runner(tmp_path: Path) -> None:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    matrices = np.random.default_rng(0).standard_normal((2, 64, 64)).astype(np.float32)
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["x", "one"], ["h"]),
            helper.make_node("MatMul", ["h", "two"], ["y"]),
        ],
        "net",
        [value("x", TensorProto.FLOAT, ["N", 64])],
        [value("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(m, n) for m, n in zip(matrices, ("one", "two"), strict=True)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (tmp_path / "m").mkdir()
    options = {"save_as_external_data": True, "all_tensors_to_one_file": False}
    onnx.save(model, str(tmp_path / "m/net.onnx"), size_threshold=0, **options)
    assert {path.name for path in (tmp_path / "m").iterdir()} == {"net.onnx", "one", "two"}
    spec = written(tmp_path, TEXT)
    for isolation in ("process", "docker"):
        done = eqc("run", spec, "--isolation", isolation, "--results", isolation, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    assert facts(tmp_path / "process") == facts(tmp_path / "docker")
    (record,) = read(tmp_path / "docker").records
    assert [output.name for output in record.outputs] == ["output", "h", "y"]
