"""Inputs of a ``.tflite`` file: those of a signature, or of its first subgraph where it has none.

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
_MODEL_SUBGRAPHS, _MODEL_SIGNATURES = 2, 7
_SIGNATURE_INPUTS, _SIGNATURE_KEY, _SIGNATURE_SUBGRAPH = 0, 2, 4
_ENTRY_NAME, _ENTRY_TENSOR = 0, 1
_SUBGRAPH_TENSORS, _SUBGRAPH_INPUTS = 0, 1
_TENSOR_SHAPE, _TENSOR_TYPE, _TENSOR_NAME, _TENSOR_SIGNATURE, _TENSOR_RANKED = 0, 1, 3, 7, 8
DEFAULT = "serving_default"
"""The signature that is run where a file has several and none is asked for."""
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


def read(path: Path, signature: str | None = None) -> ModelInputs | None:
    """The inputs in their order; ``None`` where the file is no TFLite model.

    So it is where it has no ``signature``, or several and none is asked for: the run says which.
    """
    model = _model(path)
    try:
        if model is None:
            return None
        graphs = model.tables(_MODEL_SUBGRAPHS)
        if not model.tables(_MODEL_SIGNATURES):
            if signature is not None:
                return None
            tensors = graphs[0].tables(_SUBGRAPH_TENSORS)
            chosen = [tensors[index] for index in graphs[0].numbers(_SUBGRAPH_INPUTS)]
            return tuple(_input(each.text(_TENSOR_NAME), each) for each in chosen)
        called = _called(_signatures(model), signature)
        if called is None:
            return None
        tensors = graphs[called.number(_SIGNATURE_SUBGRAPH)].tables(_SUBGRAPH_TENSORS)
        return tuple(
            _input(entry.text(_ENTRY_NAME), tensors[entry.number(_ENTRY_TENSOR)])
            for entry in called.tables(_SIGNATURE_INPUTS)
        )
    except (OSError, ValueError, IndexError, struct.error):
        return None


def signatures(path: Path) -> tuple[str, ...] | None:
    """The signatures of a file, sorted; ``None`` where it is no TFLite model."""
    model = _model(path)
    try:
        return None if model is None else tuple(sorted(_signatures(model)))
    except (ValueError, IndexError, struct.error):
        return None


def _model(path: Path) -> _Table | None:
    try:
        content = np.memmap(path, np.uint8, "r").data
        return _Table(content, _word(content, 0)) if bytes(content[4:8]) == _MARK else None
    except (OSError, ValueError, IndexError, struct.error):
        return None


def _signatures(model: _Table) -> dict[str, _Table]:
    return {each.text(_SIGNATURE_KEY): each for each in model.tables(_MODEL_SIGNATURES)}


def _called(known: dict[str, _Table], signature: str | None) -> _Table | None:
    if signature is None and len(known) == 1:
        return next(iter(known.values()))
    return known.get(DEFAULT if signature is None else signature)


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

    def number(self, index: int) -> int:
        """An unsigned number; 0 where the table has none."""
        at = self.field(index)
        return 0 if at is None else _word(self.content, at)

    def text(self, index: int) -> str:
        start, count = self.vector(index)
        return bytes(self.content[start : start + count]).decode()

    def tables(self, index: int) -> list[_Table]:
        start, count = self.vector(index)
        places = [start + 4 * number for number in range(count)]
        return [_Table(self.content, at + _word(self.content, at)) for at in places]


def _input(name: str, tensor: _Table) -> ModelInput:
    kind, ranked = tensor.field(_TENSOR_TYPE), tensor.field(_TENSOR_RANKED)
    shape = tensor.numbers(_TENSOR_SIGNATURE) or tensor.numbers(_TENSOR_SHAPE)
    # Without a shape it is a scalar only where the file says that it knows the rank.
    is_known = bool(shape) or (ranked is not None and bool(tensor.content[ranked]))
    return ModelInput(
        name=name,
        shape=tuple(None if side < 0 else side for side in shape) if is_known else None,
        dtype=_TYPES.get(tensor.content[kind] if kind is not None else 0),
    )


def _word(content: memoryview, at: int) -> int:
    (word,) = struct.unpack_from("<I", content, at)
    return int(word)
