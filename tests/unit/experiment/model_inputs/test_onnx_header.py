"""Inputs of ONNX files, written by the onnx package, against what the package reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orchestrator.experiment.model_inputs import onnx_header
from orchestrator.experiment.model_inputs.model_input import DTYPES, TEXT, ModelInput

pytestmark = pytest.mark.frameworks


def write(path: Path, inputs: list[Any], *initializers: Any, **save: Any) -> Path:
    import onnx
    from onnx import TensorProto, helper

    graph = helper.make_graph(
        [helper.make_node("Identity", [inputs[0].name if inputs else "w"], ["y"])],
        "user",
        inputs,
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        list(initializers),
    )
    onnx.save(helper.make_model(graph, doc_string="x" * 300), str(path), **save)
    return path


def tensor(name: str, dtype: str, shape: Any) -> Any:
    from onnx import TensorProto, helper

    element = {"float32": "FLOAT", "float64": "DOUBLE"}.get(dtype, dtype.upper())
    return helper.make_tensor_value_info(name, getattr(TensorProto, element), shape)


@pytest.mark.parametrize("dtype", sorted({*DTYPES, TEXT}))
def test_every_dtype(tmp_path: Path, dtype: str) -> None:
    path = write(tmp_path / "m.onnx", [tensor("x", dtype, [1, 3])])
    assert onnx_header.read(path) == (ModelInput("x", (1, 3), dtype),)


@pytest.mark.parametrize("dtype", ["int4", "float8e4m3fn"])
def test_a_dtype_that_no_tensor_file_has_is_not_known(tmp_path: Path, dtype: str) -> None:
    path = write(tmp_path / "m.onnx", [tensor("x", dtype, ["N"])])
    assert onnx_header.read(path) == (ModelInput("x", (None,), None, axes=("N",)),)


@pytest.mark.parametrize(
    ("written", "read", "axes"),
    [
        (["N", 3, None], (None, 3, None), ("N", None, None)),
        ([-1, 0, 300], (None, None, 300), ()),
        ([], (), ()),
        (None, None, ()),
    ],
)
def test_shapes_of_any_kind(tmp_path: Path, written: Any, read: Any, axes: Any) -> None:
    path = write(tmp_path / "m.onnx", [tensor("größe|a/b:0", "int64", written)])
    assert onnx_header.read(path) == (ModelInput("größe|a/b:0", read, "int64", axes=axes),)


def test_an_input_with_a_value_in_the_file_need_not_be_given(tmp_path: Path) -> None:
    from onnx import helper, numpy_helper

    values, indices = (numpy_helper.from_array(np.ones(2, kind), name)
                       for kind, name in (("f4", "s"), ("i8", "s_indices")))  # fmt: skip
    path = tmp_path / "m.onnx"
    listed = [tensor(name, "float32", [2]) for name in ("x", "w", "s")]
    write(path, listed, numpy_helper.from_array(np.ones(2, np.float32), "w"))
    assert [each.name for each in onnx_header.read(path) or ()] == ["x", "s"]
    import onnx

    model = onnx.load(str(path))
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [4]))
    onnx.save(model, str(path))
    assert [each.name for each in onnx_header.read(path) or ()] == ["x"]


def test_weights_beside_the_file_are_not_needed(tmp_path: Path) -> None:
    from onnx import numpy_helper

    weights = numpy_helper.from_array(np.ones(4096, np.float32), "w")
    options = {"save_as_external_data": True, "location": "w.data", "size_threshold": 0}
    path = write(tmp_path / "m.onnx", [tensor("x", "float32", [2])], weights, **options)
    (tmp_path / "w.data").unlink()
    assert onnx_header.read(path) == (ModelInput("x", (2,), "float32"),)


def test_sequences_and_optional_inputs(tmp_path: Path) -> None:
    from onnx import TensorProto, helper

    inner = helper.make_tensor_type_proto(TensorProto.FLOAT, ["N"])
    optional = helper.make_value_info("o", helper.make_optional_type_proto(inner))
    sequence = helper.make_value_info("q", helper.make_sequence_type_proto(inner))
    path = write(tmp_path / "m.onnx", [optional, sequence])
    assert onnx_header.read(path) == (
        ModelInput("o", None, "float32", required=False),
        ModelInput("q", None, "float32", sequence=True),
    )


def test_an_optional_sequence_and_a_map(tmp_path: Path) -> None:
    from onnx import TensorProto, helper

    inner = helper.make_tensor_type_proto(TensorProto.INT64, ["N"])
    both = helper.make_optional_type_proto(helper.make_sequence_type_proto(inner))
    kind = helper.make_map_type_proto(TensorProto.INT64, inner)
    path = write(
        tmp_path / "m.onnx", [helper.make_value_info("b", both), helper.make_value_info("m", kind)]
    )
    assert onnx_header.read(path) == (
        ModelInput("b", None, "int64", required=False, sequence=True),
        ModelInput("m", None, None),
    )


def test_no_inputs(tmp_path: Path) -> None:
    assert onnx_header.read(write(tmp_path / "m.onnx", [])) == ()


def test_anything_else_is_not_known(tmp_path: Path) -> None:
    path = write(tmp_path / "m.onnx", [tensor("x", "float32", [2])])
    whole = path.read_bytes()
    for content in (b"", b"x", b"\x08", whole[:-1], whole[: len(whole) // 2], b"\xff" * 99):
        path.write_bytes(content)
        assert onnx_header.read(path) is None
    assert onnx_header.read(tmp_path / "none.onnx") is None
