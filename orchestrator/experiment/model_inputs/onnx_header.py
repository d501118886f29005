"""Inputs of an ``.onnx`` file: its graph's, less those that have a value in the file.

Only the few fields of onnx.proto that are needed are read, from the wire format of Protocol
Buffers (protobuf.dev/programming-guides/encoding): a file is a sequence of (number, kind, value),
and what is not wanted, weights above all, is skipped by its length.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from orchestrator.experiment.model_inputs.model_input import ModelInput, ModelInputs

_MODEL_GRAPH = 7
_GRAPH_INITIALIZER, _GRAPH_INPUT, _GRAPH_SPARSE_INITIALIZER = 5, 11, 15
_TENSOR_NAME, _SPARSE_VALUES = 8, 1
_VALUE_NAME, _VALUE_TYPE = 1, 2
_TYPE_TENSOR, _TYPE_OPTIONAL = 1, 9
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

Value = int | memoryview


def read(path: Path) -> ModelInputs | None:
    """The inputs in the order of the graph; ``None`` where the file is no ONNX model."""
    try:
        content = np.memmap(path, np.uint8, "r").data
        graphs = _parts(content, _MODEL_GRAPH)
        if len(graphs) != 1:
            return None
        given = {_text(tensor, _TENSOR_NAME) for tensor in _parts(graphs[0], _GRAPH_INITIALIZER)}
        for sparse in _parts(graphs[0], _GRAPH_SPARSE_INITIALIZER):
            given |= {_text(tensor, _TENSOR_NAME) for tensor in _parts(sparse, _SPARSE_VALUES)}
        inputs = [_input(value) for value in _parts(graphs[0], _GRAPH_INPUT)]
    except (OSError, ValueError, IndexError):
        return None
    return tuple(each for each in inputs if each.name not in given)


def _input(value: memoryview) -> ModelInput:
    name = _text(value, _VALUE_NAME)
    kinds = [field for kind in _parts(value, _VALUE_TYPE) for field in _fields(kind)]
    tensors = [field for number, field in kinds if number == _TYPE_TENSOR]
    if len(tensors) != 1 or isinstance(tensors[0], int):
        optional = any(number == _TYPE_OPTIONAL for number, _ in kinds)
        return ModelInput(name, None, None, required=not optional)
    elements = [field for number, field in _fields(tensors[0]) if number == _TENSOR_ELEMENT]
    dtype = _ELEMENTS.get(elements[-1]) if elements and isinstance(elements[-1], int) else None
    shapes = _parts(tensors[0], _TENSOR_SHAPE)
    if not shapes:
        return ModelInput(name, None, dtype)
    sides = _parts(shapes[0], _SHAPE_DIMENSION)
    axes = tuple(_text(side, _DIMENSION_NAME) or None for side in sides)
    return ModelInput(name, tuple(map(_side, sides)), dtype, axes=axes if any(axes) else ())


def _side(dimension: memoryview) -> int | None:
    """Converters write an unknown length as a name, as nothing, as -1 or as 0."""
    values = [value for number, value in _fields(dimension) if number == _DIMENSION_VALUE]
    side = values[-1] if values and isinstance(values[-1], int) else 0
    return side if 0 < side < 1 << 63 else None


def _text(message: memoryview, wanted: int) -> str:
    parts = _parts(message, wanted)
    return bytes(parts[-1]).decode() if parts else ""


def _parts(message: memoryview, wanted: int) -> list[memoryview]:
    """The embedded messages and texts of field ``wanted``."""
    return [
        value
        for number, value in _fields(message)
        if number == wanted and isinstance(value, memoryview)
    ]


def _fields(message: memoryview) -> Iterator[tuple[int, Value]]:
    """(number, value) of each field. ValueError or IndexError where this is no message."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        kind = tag & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield tag >> 3, value
            continue
        if kind == 2:
            length, at = _varint(message, at)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise ValueError(f"a field of kind {kind}")
        if at + length > len(message):
            raise ValueError("a field is cut off")
        yield tag >> 3, message[at : at + length]
        at += length


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """An unsigned number of at most ten bytes, seven bits in each, and where the next begins."""
    value = 0
    for shift in range(0, 70, 7):
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("a number of more than ten bytes")
