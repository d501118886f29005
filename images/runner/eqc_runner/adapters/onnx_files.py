"""Reads users' ONNX models, and makes a second form of each that outputs every tensor."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, Iterator, NamedTuple, Sequence

import numpy as np

from eqc_runner.adapters import onnx_cut, onnx_external
from eqc_runner.adapters.onnx_values import DTYPES, NO_STRINGS
from eqc_runner.adapters.protocol import ModelFacts
from eqc_runner.failures import Failed
from eqc_runner.models.weights import weights_digest
from eqc_runner.tensor import CARRIERS, Tensor

MOST_BYTES = (1 << 31) - (1 << 20)
"""A protobuf message has at most 2 GiB; the outputs that are added to a model need some of it."""
BEGINNINGS = {
    b"version https://git-lfs": "the pointer that Git LFS keeps in place of the file",
    b"PK\x03\x04": "a zip archive, as torch and Keras write it",
    b"\x89HDF\r\n": "an HDF5 file, as Keras writes it",
    b"ORTM": "ONNX Runtime's own format",
}
KINDS = {
    "sequence_type": "it is a sequence",
    "map_type": "it is a map",
    "optional_type": "it is optional",
    "sparse_tensor_type": "it is a sparse tensor",
}


class OnnxLayer(NamedTuple):
    """A tensor that a node outputs."""

    name: str
    operator: str
    """In lower case."""
    reason: str | None
    """Why it cannot be recorded; ``None``: it may be."""


class OnnxFile(NamedTuple):
    """A model without the tensors that are in other files."""

    onnx: Any
    path: Path
    called: str
    model: Any
    layers: tuple[OnnxLayer, ...]
    """In the order of the nodes."""
    facts: ModelFacts
    floats: tuple[str, ...]
    """The dtypes of floats that the file names, sorted."""
    unranked: frozenset[str]
    """Inputs that may have any shape; ONNX Runtime shows them as scalars."""

    def instrumented(self, names: Sequence[str]) -> bytes:
        """The model with further outputs, and with the tensors that are in other files.

        Where these do not fit into one message they stay where they are: newer versions of ONNX
        Runtime find them there. Raises ``Failed`` where the model alone is too large.
        """
        model = self.onnx.ModelProto()
        model.CopyFrom(self.model)
        outside = [t for t in onnx_external.tensors(model) if onnx_external.is_external(t)]
        size = model.ByteSize()
        if size > MOST_BYTES:
            raise Failed("exception", f"{self.called} has 2 GiB: further outputs do not fit")
        if size + sum(onnx_external.size_of(self.onnx, t) for t in outside) <= MOST_BYTES:
            for tensor in outside:
                onnx_external.embed(self.onnx, tensor, self.path.parent)
        given = {value.name for value in model.graph.output}
        for name in names:
            if name not in given:
                model.graph.output.append(self.onnx.helper.make_empty_tensor_value_info(name))
        return bytes(model.SerializeToString())

    def cut(self, name: str) -> bytes:
        """The part of the model that ends at tensor ``name``, raises as ``instrumented``."""
        whole = self.onnx.ModelProto()
        whole.ParseFromString(self.instrumented(()))
        return onnx_cut.ending_at(self.onnx, whole, name)


def read_onnx(onnx: Any, path: Path, called: str) -> OnnxFile:
    """The model at ``path``, which messages call ``called``.

    Every tensor that a node outputs becomes a layer, except constants. Raises ``Failed`` if the
    file is missing or is not an ONNX model. onnx's own checker is not used, because it refuses
    models that ONNX Runtime runs; an invalid model fails in ONNX Runtime.
    """
    model = _parsed(onnx, path, called)
    inferred = _inferred(onnx, model)
    inputs = model.graph.input
    unranked = frozenset(v.name for v in inputs if not v.type.tensor_type.HasField("shape"))
    return OnnxFile(
        onnx,
        path,
        called,
        model,
        _layers(onnx, model, inferred),
        _facts(onnx, model.graph, path.parent),
        tuple(sorted(_floats(onnx, model, inferred))),
        unranked,
    )


def _parsed(onnx: Any, path: Path, called: str) -> Any:
    if not path.exists():
        raise Failed("input-missing", f"no ONNX file {called}")
    if not path.is_file():
        raise Failed("exception", f"{called} is not a file")
    with path.open("rb") as file:
        start = file.read(32)
    if not start:
        raise Failed("exception", f"{called} is empty")
    for beginning, what in BEGINNINGS.items():
        if start.startswith(beginning):
            raise Failed("exception", f"{called} is not an ONNX model: it is {what}")
    try:
        model = onnx.load(str(path), load_external_data=False)
    except Exception as error:
        # onnx raises classes of protobuf, whose module differs between versions.
        text = f"{called} is not a valid ONNX model, or is cut off or damaged: {error}"
        raise Failed("exception", text) from error
    if not model.HasField("graph") or not (model.graph.node or model.graph.output):
        raise Failed("exception", f"{called} is not a valid ONNX model: it has no graph")
    return model


def _inferred(onnx: Any, model: Any) -> dict[str, Any]:
    """The types of values by name, as far as shape inference finds them."""
    with contextlib.suppress(Exception):  # a model with operators onnx does not know still runs
        model = onnx.shape_inference.infer_shapes(model)
    graph = model.graph
    return {v.name: v.type for v in (*graph.input, *graph.value_info, *graph.output)}


def _layers(onnx: Any, model: Any, inferred: dict[str, Any]) -> tuple[OnnxLayer, ...]:
    found: list[OnnxLayer] = []
    for node in model.graph.node:
        if node.op_type == "Constant":
            continue
        found += [
            OnnxLayer(name, node.op_type.lower(), _obstacle(onnx, inferred.get(name)))
            for name in node.output
            if name
        ]
    return tuple(found)


def _obstacle(onnx: Any, kind: Any) -> str | None:
    """Why a value of this type is not recorded as a layer."""
    which = kind and kind.WhichOneof("value")
    if which == "tensor_type":
        is_text = kind.tensor_type.elem_type == onnx.TensorProto.STRING
        return NO_STRINGS if is_text else None
    return KINDS.get(which)


def _floats(onnx: Any, model: Any, inferred: dict[str, Any]) -> set[str]:
    """The floats among the types of values, of weights, and of what ``Cast`` makes anywhere."""
    elements = {kind.tensor_type.elem_type for kind in inferred.values()}
    elements |= {tensor.data_type for tensor in onnx_external.tensors(model)}
    casts = (node for node in onnx_external.nodes(model) if node.op_type == "Cast")
    elements |= {each.i for cast in casts for each in cast.attribute if each.name == "to"}
    known = {number: name.lower() for name, number in onnx.TensorProto.DataType.items()}
    names = {known.get(element, "") for element in elements}
    dtypes = {DTYPES.get(name, name) for name in names}
    return {dtype for dtype in dtypes if dtype.startswith(("float", "bfloat"))}


def _facts(onnx: Any, graph: Any, folder: Path) -> ModelFacts:
    """Parameters are the initializers of floats; those of integers are shapes and indices."""
    count = 0

    def weights() -> Iterator[Tensor]:
        nonlocal count
        for initializer in graph.initializer:
            tensor = _weight(onnx, initializer, folder)
            if tensor is not None:
                count += int(np.size(tensor.array))
                yield tensor

    digest = weights_digest(weights())
    return ModelFacts(count, None, digest if count else None)


def _weight(onnx: Any, initializer: Any, folder: Path) -> Tensor | None:
    element = onnx.TensorProto.DataType.Name(initializer.data_type).lower()
    dtype = DTYPES.get(element, element)
    if not dtype.startswith(("float", "bfloat")):
        return None
    if onnx_external.is_external(initializer):
        carrier = CARRIERS.get(dtype)
        if carrier is None:  # narrower than a byte: not a dtype of ours
            return None
        content = onnx_external.content_of(onnx, initializer, folder)
        return Tensor(dtype, content.view(f"<{carrier}").reshape(tuple(initializer.dims)))
    array = onnx.numpy_helper.to_array(initializer)
    if array.dtype.name in ("float16", "float32", "float64"):
        # Before onnx 1.17 the narrow floats are made float32.
        return Tensor.of(array)
    return Tensor(dtype, array.view(f"u{array.dtype.itemsize}")) if dtype in CARRIERS else None
