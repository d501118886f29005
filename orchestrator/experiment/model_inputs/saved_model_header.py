"""Inputs of a SavedModel: those of a signature, which ``saved_model.pb`` lists.

Only the few fields of saved_model.proto and meta_graph.proto that are needed are read.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from orchestrator.experiment.model_inputs import protobuf
from orchestrator.experiment.model_inputs.model_input import ModelInput, ModelInputs
from orchestrator.experiment.model_inputs.tflite_header import DEFAULT

FILES = ("saved_model.pb", "saved_model.pbtxt")
"""One of these makes a folder a SavedModel."""
_GRAPHS = 2
_GRAPH_INFO, _GRAPH_SIGNATURES = 1, 5
_INFO_TAGS = 4
_KEY, _VALUE = 1, 2
_SIGNATURE_INPUTS = 1
_TENSOR_DTYPE, _TENSOR_SHAPE, _TENSOR_SPARSE = 2, 3, 4
_SHAPE_SIDES, _SHAPE_UNKNOWN, _SIDE_SIZE = 2, 3, 1
_SERVING = b"serve"
_DTYPES = {
    1: "float32",
    2: "float64",
    3: "int32",
    4: "uint8",
    5: "int16",
    6: "int8",
    7: "string",
    8: "complex64",
    9: "int64",
    10: "bool",
    14: "bfloat16",
    17: "uint16",
    18: "complex128",
    19: "float16",
    22: "uint32",
    23: "uint64",
}
"""``DataType``; the others (quantised, resources, eight bits and fewer) are not in ``DTYPES``."""


def read(folder: Path, signature: str | None = None) -> ModelInputs | None:
    """The inputs, by name; ``None`` where the folder does not say them.

    So it is where there is no ``signature`` (it may be a function), or several and none asked for.
    """
    try:
        known = _signatures(folder)
        only = next(iter(known)) if len(known) == 1 else DEFAULT
        called = known.get(only if signature is None else signature)
        if called is None:
            return None
        entries = protobuf.parts(called, _SIGNATURE_INPUTS)
        found = {protobuf.text(entry, _KEY): entry for entry in entries}
        return tuple(_input(name, entry) for name, entry in sorted(found.items()))
    except (OSError, ValueError, IndexError):
        return None


def signatures(folder: Path) -> tuple[str, ...] | None:
    """The signatures, sorted; ``None`` where the folder cannot be read so."""
    try:
        return tuple(sorted(_signatures(folder)))
    except (OSError, ValueError, IndexError):
        return None


def _signatures(folder: Path) -> dict[str, memoryview]:
    """By their names. ValueError where there is not one graph, or one for serving."""
    graphs = protobuf.parts(np.memmap(folder / FILES[0], np.uint8, "r").data, _GRAPHS)
    serving = [graph for graph in graphs if len(graphs) == 1 or _SERVING in _tags(graph)]
    if len(serving) != 1:
        raise ValueError(f"{len(graphs)} graphs")
    found = {}
    for entry in protobuf.parts(serving[0], _GRAPH_SIGNATURES):
        name = protobuf.text(entry, _KEY)
        values = protobuf.parts(entry, _VALUE)
        # What begins so are TensorFlow's own: how a model is made ready.
        if values and not name.startswith("__saved_model"):
            found[name] = values[-1]
    return found


def _tags(graph: memoryview) -> list[bytes]:
    infos = protobuf.parts(graph, _GRAPH_INFO)
    return [bytes(tag) for info in infos for tag in protobuf.parts(info, _INFO_TAGS)]


def _input(name: str, entry: memoryview) -> ModelInput:
    info = protobuf.parts(entry, _VALUE)[-1]
    if protobuf.parts(info, _TENSOR_SPARSE):
        return ModelInput(name, None, None)
    shapes = protobuf.parts(info, _TENSOR_SHAPE)
    is_known = bool(shapes) and not protobuf.number(shapes[-1], _SHAPE_UNKNOWN)
    sides = protobuf.parts(shapes[-1], _SHAPE_SIDES) if is_known else []
    return ModelInput(
        name,
        tuple(_side(side) for side in sides) if is_known else None,
        _DTYPES.get(protobuf.number(info, _TENSOR_DTYPE) or 0),
    )


def _side(side: memoryview) -> int | None:
    size = protobuf.number(side, _SIDE_SIZE) or 0
    return size if size < 1 << 63 else None
