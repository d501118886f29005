"""Where an ``.onnx`` file keeps tensors in other files: ``external_data`` of onnx.proto.

Tensors stand in the graph, in the graphs of its nodes (branches and loops), in attributes, in
functions and in training graphs: all of them are looked through.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from orchestrator.experiment.model_inputs.protobuf import fields, number, parts, text
from orchestrator.yaml_files.files import FileMistake

_MODEL = {7: "graph", 20: "training", 25: "function"}
_TRAINING = {1: "graph", 2: "graph"}
_GRAPH = {1: "node", 5: "tensor", 15: "sparse"}
_FUNCTION = {7: "node", 11: "attribute"}
_NODE = {5: "attribute"}
_ATTRIBUTE = {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"}
_SPARSE = {1: "tensor", 2: "tensor"}
_INSIDE = {
    "model": _MODEL,
    "training": _TRAINING,
    "graph": _GRAPH,
    "function": _FUNCTION,
    "node": _NODE,
    "attribute": _ATTRIBUTE,
    "sparse": _SPARSE,
}
"""For each kind of message, which of its fields hold messages that may lead to a tensor."""
_DIMS, _ELEMENT, _NAME, _EXTERNAL_DATA, _LOCATION = 1, 2, 8, 13, 14
_KEY, _VALUE = 1, 2
_EXTERNAL = 1
_BITS = {
    **dict.fromkeys((1, 6, 12), 32),
    **dict.fromkeys((2, 3, 9, 17, 18, 19, 20, 24), 8),
    **dict.fromkeys((4, 5, 10, 16), 16),
    **dict.fromkeys((7, 11, 13, 14), 64),
    15: 128,
    **dict.fromkeys((21, 22, 23), 4),
    **dict.fromkeys((25, 26), 2),
}
"""Bits of an element by ``TensorProto.DataType``; text has no fixed number."""


@dataclass(frozen=True)
class ExternalTensor:
    """A tensor whose bytes are in another file."""

    name: str
    location: str
    """As written: a path relative to the model's folder."""
    offset: int
    length: int | None
    """In bytes; ``None``: what the tensor's dtype and shape need."""
    size: int | None
    """What its dtype and shape need, in bytes; ``None``: not known."""


def external_tensors(path: Path) -> tuple[ExternalTensor, ...]:
    """All of them in the file's order; none, where the file is no ONNX model.

    Raises FileMistake for an offset or a length that is no number, and for a missing location.
    """
    try:
        content = np.memmap(path, np.uint8, "r").data
        return tuple(_found(content, "model"))
    except (OSError, ValueError, IndexError, RecursionError):
        return ()


def _found(message: memoryview, kind: str) -> Iterator[ExternalTensor]:
    if kind == "tensor":
        if number(message, _LOCATION) == _EXTERNAL:
            yield _tensor(message)
        return
    inside = _INSIDE[kind]
    for place, value in fields(message):
        if place in inside and isinstance(value, memoryview):
            yield from _found(value, inside[place])


def _tensor(message: memoryview) -> ExternalTensor:
    entries = {text(e, _KEY): text(e, _VALUE) for e in parts(message, _EXTERNAL_DATA)}
    name = text(message, _NAME)
    location = entries.get("location", "")
    if not location:
        raise FileMistake(f"tensor '{name}' is external data without a location")
    numbers: dict[str, int | None] = {"offset": 0, "length": None}
    for key in numbers:
        if key in entries:
            if not (entries[key].isascii() and entries[key].isdigit()):
                raise FileMistake(f"the {key} of tensor '{name}' is '{entries[key]}', no number")
            numbers[key] = int(entries[key])
    bits = _BITS.get(number(message, _ELEMENT) or 0)
    size = None if bits is None else (math.prod(_sides(message)) * bits + 7) // 8
    return ExternalTensor(name, location, numbers["offset"] or 0, numbers["length"], size)


def _sides(message: memoryview) -> list[int]:
    """The tensor's shape; its numbers stand alone or packed into one field."""
    sides: list[int] = []
    for place, value in fields(message):
        if place == _DIMS:
            sides += [value] if isinstance(value, int) else _packed(value)
    return sides


def _packed(value: memoryview) -> list[int]:
    sides, side, shift = [], 0, 0
    for byte in value:
        side |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            sides.append(side)
            side, shift = 0, 0
    return sides
