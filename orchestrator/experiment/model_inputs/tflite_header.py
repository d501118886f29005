"""Inputs of a ``.tflite`` file: those of its first subgraph, which is the one that is run.

The file is a FlatBuffer (flatbuffers.dev/internals): tables whose fields are found by an index that
TensorFlow Lite's schema fixes forever, in little-endian numbers.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from orchestrator.experiment.model_inputs.model_input import ModelInput, ModelInputs

_MARK = b"TFL3"
_MODEL_SUBGRAPHS = 2
_SUBGRAPH_TENSORS, _SUBGRAPH_INPUTS = 0, 1
_TENSOR_SHAPE, _TENSOR_TYPE, _TENSOR_NAME, _TENSOR_SIGNATURE = 0, 1, 3, 7
_TYPES = {
    0: "float32",
    1: "float16",
    2: "int32",
    3: "uint8",
    4: "int64",
    5: "string",
    6: "bool",
    7: "int16",
    8: "complex64",
    9: "int8",
    10: "float64",
    11: "complex128",
    12: "uint64",
    15: "uint32",
    16: "uint16",
    18: "bfloat16",
}
"""``TensorType``; the others (resources, four bits) are not in ``DTYPES``."""


def read(path: Path) -> ModelInputs | None:
    """The inputs in their order; ``None`` where the file is no TFLite model."""
    try:
        content = np.memmap(path, np.uint8, "r").data
        if bytes(content[4:8]) != _MARK:
            return None
        model = _Table(content, _word(content, 0))
        graph = model.tables(_MODEL_SUBGRAPHS)[0]
        tensors = graph.tables(_SUBGRAPH_TENSORS)
        return tuple(_input(tensors[index]) for index in graph.numbers(_SUBGRAPH_INPUTS))
    except (OSError, ValueError, IndexError, struct.error):
        return None


@dataclass(frozen=True)
class _Table:
    """A table at byte ``start``. IndexError or struct.error where it leaves the file."""

    content: memoryview
    start: int

    def field(self, index: int) -> int | None:
        """Where the field's value stands; ``None`` where the table has its default."""
        (back,) = struct.unpack_from("<i", self.content, self.start)
        fields = self.start - back
        (size,) = struct.unpack_from("<H", self.content, fields)
        if 4 + 2 * index >= size:
            return None
        (offset,) = struct.unpack_from("<H", self.content, fields + 4 + 2 * index)
        return self.start + offset if offset else None

    def vector(self, index: int) -> tuple[int, int]:
        """Where the vector's first element stands, and how many there are."""
        at = self.field(index)
        if at is None:
            return 0, 0
        at += _word(self.content, at)
        return at + 4, _word(self.content, at)

    def numbers(self, index: int) -> tuple[int, ...]:
        start, count = self.vector(index)
        return struct.unpack_from(f"<{count}i", self.content, start)

    def tables(self, index: int) -> list[_Table]:
        start, count = self.vector(index)
        places = [start + 4 * number for number in range(count)]
        return [_Table(self.content, at + _word(self.content, at)) for at in places]


def _input(tensor: _Table) -> ModelInput:
    start, count = tensor.vector(_TENSOR_NAME)
    kind = tensor.field(_TENSOR_TYPE)
    shape = tensor.numbers(_TENSOR_SIGNATURE) or tensor.numbers(_TENSOR_SHAPE)
    return ModelInput(
        name=bytes(tensor.content[start : start + count]).decode(),
        # Without a shape it may be a scalar, or of unknown rank.
        shape=tuple(None if side < 0 else side for side in shape) or None,
        dtype=_TYPES.get(tensor.content[kind] if kind is not None else 0),
    )


def _word(content: memoryview, at: int) -> int:
    (word,) = struct.unpack_from("<I", content, at)
    return int(word)
