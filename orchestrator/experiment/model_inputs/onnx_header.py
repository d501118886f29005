"""Inputs of an ``.onnx`` file: its graph's, less those that have a value in the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from orchestrator.experiment.model_inputs.model_input import ModelInput, ModelInputs
from orchestrator.experiment.model_inputs.protobuf import number, parts, text

_MODEL_GRAPH = 7
_GRAPH_INITIALIZER, _GRAPH_INPUT, _GRAPH_SPARSE_INITIALIZER = 5, 11, 15
_TENSOR_NAME, _SPARSE_VALUES = 8, 1
_VALUE_NAME, _VALUE_TYPE = 1, 2
_TYPE_TENSOR, _TYPE_SEQUENCE, _TYPE_OPTIONAL = 1, 4, 9
_ELEMENT_TYPE = 1
_TENSOR_ELEMENT, _TENSOR_SHAPE = 1, 2
_SHAPE_DIMENSION, _DIMENSION_VALUE, _DIMENSION_NAME = 1, 1, 2
_ELEMENTS = {
    1: "float32",
    2: "uint8",
    3: "int8",
    4: "uint16",
    5: "int16",
    6: "int32",
    7: "int64",
    8: "string",
    9: "bool",
    10: "float16",
    11: "float64",
    12: "uint32",
    13: "uint64",
    14: "complex64",
    15: "complex128",
    16: "bfloat16",
}
"""``TensorProto.DataType``; the others (eight bits and fewer) are not in ``DTYPES``."""


def read(path: Path) -> ModelInputs | None:
    """The inputs in the order of the graph; ``None`` where the file is no ONNX model."""
    try:
        content = np.memmap(path, np.uint8, "r").data
        graphs = parts(content, _MODEL_GRAPH)
        if len(graphs) != 1:
            return None
        given = {text(tensor, _TENSOR_NAME) for tensor in parts(graphs[0], _GRAPH_INITIALIZER)}
        for sparse in parts(graphs[0], _GRAPH_SPARSE_INITIALIZER):
            given |= {text(tensor, _TENSOR_NAME) for tensor in parts(sparse, _SPARSE_VALUES)}
        inputs = [_input(value) for value in parts(graphs[0], _GRAPH_INPUT)]
    except (OSError, ValueError, IndexError):
        return None
    return tuple(each for each in inputs if each.name not in given)


def _input(value: memoryview) -> ModelInput:
    name = text(value, _VALUE_NAME)
    kinds = parts(value, _VALUE_TYPE)
    optional, kinds = _inside(kinds, _TYPE_OPTIONAL)
    sequence, kinds = _inside(kinds, _TYPE_SEQUENCE)
    tensors = [tensor for kind in kinds for tensor in parts(kind, _TYPE_TENSOR)]
    if len(tensors) != 1:
        return ModelInput(name, None, None, required=not optional, sequence=sequence)
    dtype = _ELEMENTS.get(number(tensors[0], _TENSOR_ELEMENT) or 0)
    if optional or sequence:
        return ModelInput(name, None, dtype, required=not optional, sequence=sequence)
    shapes = parts(tensors[0], _TENSOR_SHAPE)
    if not shapes:
        return ModelInput(name, None, dtype)
    sides = parts(shapes[0], _SHAPE_DIMENSION)
    axes = tuple(text(side, _DIMENSION_NAME) or None for side in sides)
    return ModelInput(name, tuple(map(_side, sides)), dtype, axes=axes if any(axes) else ())


def _inside(kinds: list[memoryview], wanted: int) -> tuple[bool, list[memoryview]]:
    """Whether these types are of the kind ``wanted``, and the types of its elements then."""
    found = [inner for kind in kinds for inner in parts(kind, wanted)]
    inside = [element for inner in found for element in parts(inner, _ELEMENT_TYPE)]
    return bool(found), inside if found else kinds


def _side(dimension: memoryview) -> int | None:
    """Converters write an unknown length as a name, as nothing, as -1 or as 0."""
    side = number(dimension, _DIMENSION_VALUE) or 0
    return side if 0 < side < 1 << 63 else None
