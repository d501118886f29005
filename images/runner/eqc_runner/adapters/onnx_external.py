"""Tensors of ONNX models whose bytes are in other files.

The job folder holds links to these files, which the onnx package refuses to read, so they are read
here. ONNX Runtime reads them itself where it gets a path.
"""

from __future__ import annotations

import re
from functools import reduce
from operator import mul
from pathlib import Path, PurePosixPath
from typing import Any, Iterator, Sequence

import numpy as np

from eqc_runner.failures import Failed

EXTERNAL = 1
"""``TensorProto.DataLocation``."""
GRAPH, GRAPHS, TENSOR, TENSORS = 5, 10, 4, 9
"""``AttributeProto.AttributeType``."""
SPARSE, SPARSES = 11, 12


def tensors(model: Any) -> Iterator[Any]:
    """Every ``TensorProto`` of a model: those of branches, loops, attributes and functions, too."""
    yield from _initializers(model.graph)
    for node in nodes(model):
        for attribute in node.attribute:
            yield from _of_attribute(attribute)
            for graph in _graphs(attribute):
                yield from _initializers(graph)
    for function in model.functions:
        for attribute in getattr(function, "attribute_proto", ()):  # since onnx 1.13
            yield from _of_attribute(attribute)


def nodes(model: Any) -> Iterator[Any]:
    """Every node of a model: those of branches, loops and functions, too."""
    for found in (model.graph.node, *(function.node for function in model.functions)):
        yield from _nodes(found)


def is_external(tensor: Any) -> bool:
    """Whether the bytes of a ``TensorProto`` are in another file."""
    return bool(tensor.data_location == EXTERNAL)


def embed(onnx: Any, tensor: Any, folder: Path) -> None:
    """Put the bytes of an external tensor into it. Raises ``Failed`` where they are missing."""
    tensor.raw_data = bytes(content_of(onnx, tensor, folder))
    tensor.ClearField("data_location")
    tensor.ClearField("external_data")


def content_of(onnx: Any, tensor: Any, folder: Path) -> np.ndarray:
    """The bytes of an external tensor, mapped from its file.

    Raises ``Failed`` where they are missing.
    """
    entries = {entry.key: entry.value for entry in tensor.external_data}
    location = PurePosixPath(entries.get("location", ""))
    if location.is_absolute() or ".." in location.parts or not location.parts:
        text = f"tensor {tensor.name!r} is in {str(location)!r}: no file here"
        raise Failed("exception", text)
    size = size_of(onnx, tensor)
    if not size:
        return np.zeros(0, np.uint8)
    try:
        offset = int(entries.get("offset") or 0)
        return np.memmap(folder / location, np.uint8, "r", offset, (size,))
    except (OSError, ValueError) as error:
        text = f"tensor {tensor.name!r} is in the file {location}: {error}"
        raise Failed("input-missing", text) from error


def size_of(onnx: Any, tensor: Any) -> int:
    """The bytes that the shape and the type of a tensor need."""
    name = onnx.TensorProto.DataType.Name(tensor.data_type).lower()
    known = {"float": 32, "double": 64, "bool": 8}
    width = re.search(r"\d+", name)
    bits = known.get(name) or (int(width[0]) if width else 0)
    return (reduce(mul, tensor.dims, 1) * bits + 7) // 8


def _nodes(found: Any) -> Iterator[Any]:
    for node in found:
        yield node
        for attribute in node.attribute:
            for graph in _graphs(attribute):
                yield from _nodes(graph.node)


def _graphs(attribute: Any) -> Sequence[Any]:
    if attribute.type == GRAPH:
        return (attribute.g,)
    return attribute.graphs if attribute.type == GRAPHS else ()


def _initializers(graph: Any) -> Iterator[Any]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)


def _of_attribute(attribute: Any) -> Iterator[Any]:
    kind = attribute.type
    if kind == TENSOR:
        yield attribute.t
    elif kind == TENSORS:
        yield from attribute.tensors
    elif kind in (SPARSE, SPARSES):
        for sparse in attribute.sparse_tensors if kind == SPARSES else [attribute.sparse_tensor]:
            yield from (sparse.values, sparse.indices)
