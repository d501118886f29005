"""Reads users' ONNX models, and makes a second form of each that outputs every tensor."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from eqc_runner.adapters.protocol import ModelFacts
from eqc_runner.failures import Failed
from eqc_runner.models.weights import weights_digest


class OnnxFile(NamedTuple):
    """A model as bytes: plain, and instrumented (every intermediate tensor is an output)."""

    plain: bytes
    instrumented: bytes
    layers: tuple[tuple[str, str], ...]
    """(tensor, operator) in the order of the nodes; operators in lower case."""
    facts: ModelFacts
    unranked: frozenset[str]
    """Inputs that may have any shape; ONNX Runtime shows them as scalars."""


def read_onnx(onnx: Any, path: Path) -> OnnxFile:
    """The model at ``path``, with the weights that are in separate files beside it.

    Every tensor that a node outputs becomes a layer, except constants. Raises ``Failed`` if the
    file is missing or is not an ONNX model. onnx's own checker is not used, because it refuses
    models that ONNX Runtime runs; an invalid model fails in ONNX Runtime.
    """
    try:
        model = onnx.load(str(path))
    except FileNotFoundError as error:
        raise Failed("input-missing", f"no ONNX file {path.name}: {error}") from error
    except Exception as error:
        # onnx raises classes of protobuf, whose module differs between versions.
        raise Failed("exception", f"{path.name} is not a valid ONNX model: {error}") from error
    if not model.graph.node:
        raise Failed("exception", f"{path.name} is not a valid ONNX model: its graph is empty")
    facts = _facts(onnx, model.graph)
    plain: bytes = model.SerializeToString()
    layers = _layers(onnx, model)
    given = {value.name for value in model.graph.output}
    for name, _ in layers:
        if name not in given:
            model.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    inputs = model.graph.input
    unranked = frozenset(v.name for v in inputs if not v.type.tensor_type.HasField("shape"))
    return OnnxFile(plain, model.SerializeToString(), layers, facts, unranked)


def _layers(onnx: Any, model: Any) -> tuple[tuple[str, str], ...]:
    kinds = _kinds(onnx, model)
    found: list[tuple[str, str]] = []
    for node in model.graph.node:
        if node.op_type == "Constant":
            continue
        found += [
            (name, node.op_type.lower())
            for name in node.output
            if name and kinds.get(name, "tensor_type") == "tensor_type"
        ]
    return tuple(found)


def _kinds(onnx: Any, model: Any) -> dict[str, str | None]:
    """The kind of each value (``tensor_type``, …) that shape inference finds; others are absent."""
    try:
        inferred = onnx.shape_inference.infer_shapes(model)
    except Exception:  # noqa: BLE001 - a model with operators onnx does not know still runs
        inferred = model
    values = [*inferred.graph.value_info, *inferred.graph.output]
    return {value.name: value.type.WhichOneof("value") for value in values}


def _facts(onnx: Any, graph: Any) -> ModelFacts:
    """Parameters are the initializers of floats; those of integers are shapes and indices."""
    arrays = [onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer]
    floats = [array for array in arrays if array.dtype.kind == "f" and array.dtype.itemsize <= 8]
    digest = weights_digest(floats) if floats else None
    return ModelFacts(sum(int(np.size(array)) for array in floats), None, digest)
