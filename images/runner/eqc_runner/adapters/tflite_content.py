"""What a TFLite file holds: its subgraphs, their operators and tensors, and its signatures.

Read with the classes that TensorFlow generates from TFLite's schema. The interpreter itself shows
neither the operators of a subgraph other than the first nor dtypes that NumPy lacks.
"""

from __future__ import annotations

import importlib
from typing import Any, NamedTuple


class TfliteTensor(NamedTuple):
    """One tensor; ``shape`` is ``None`` where the rank is unknown, an axis that is any too."""

    name: str
    dtype: str
    shape: tuple[int | None, ...] | None


class TfliteGraph(NamedTuple):
    """A subgraph; tensors are numbered by their place in ``tensors``."""

    tensors: tuple[TfliteTensor, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    operators: tuple[tuple[str, tuple[int, ...]], ...]
    """(name in lower case, output tensors) in order of computation; -1 is an output left out."""


class TfliteSignature(NamedTuple):
    """A function of the file: a subgraph, and its tensors by the names that the author gave."""

    key: str
    graph: int
    inputs: dict[str, int]
    outputs: dict[str, int]


class TfliteContent(NamedTuple):
    """A whole file."""

    graphs: tuple[TfliteGraph, ...]
    signatures: tuple[TfliteSignature, ...]


def read_tflite(content: bytes) -> TfliteContent:
    """Parse a file that an interpreter has accepted, so that it is whole."""
    schema: Any = importlib.import_module("tensorflow.lite.python.schema_py_generated")
    model = schema.Model.GetRootAs(content, 0)
    types = _names(schema.TensorType)
    codes = [model.OperatorCodes(index) for index in range(model.OperatorCodesLength())]
    operators = [_operator(code, _names(schema.BuiltinOperator)) for code in codes]
    return TfliteContent(
        tuple(_graph(model.Subgraphs(i), types, operators) for i in range(model.SubgraphsLength())),
        tuple(_signature(model.SignatureDefs(i)) for i in range(model.SignatureDefsLength())),
    )


def _graph(graph: Any, types: dict[int, str], operators: list[str]) -> TfliteGraph:
    tensors = [graph.Tensors(index) for index in range(graph.TensorsLength())]
    nodes = [graph.Operators(index) for index in range(graph.OperatorsLength())]
    return TfliteGraph(
        tuple(_tensor(tensor, types) for tensor in tensors),
        tuple(graph.Inputs(index) for index in range(graph.InputsLength())),
        tuple(graph.Outputs(index) for index in range(graph.OutputsLength())),
        tuple(
            (
                operators[node.OpcodeIndex()],
                tuple(node.Outputs(index) for index in range(node.OutputsLength())),
            )
            for node in nodes
        ),
    )


def _tensor(tensor: Any, types: dict[int, str]) -> TfliteTensor:
    fixed = tuple(tensor.Shape(index) for index in range(tensor.ShapeLength()))
    signed = tuple(tensor.ShapeSignature(index) for index in range(tensor.ShapeSignatureLength()))
    shape = tuple(None if side < 0 else side for side in signed or fixed)
    kind = tensor.Type()
    # Older schemas do not have the field.
    is_ranked = bool(shape) or bool(getattr(tensor, "HasRank", bool)())
    return TfliteTensor(
        (tensor.Name() or b"").decode("utf-8", "replace"),
        types.get(kind, f"type {kind}"),
        # Without axes it is a scalar only where the file says that it knows the rank.
        shape if is_ranked else None,
    )


def _signature(signature: Any) -> TfliteSignature:
    def named(count: int, at: Any) -> dict[str, int]:
        entries = [at(index) for index in range(count)]
        return {entry.Name().decode(): entry.TensorIndex() for entry in entries}

    return TfliteSignature(
        (signature.SignatureKey() or b"").decode(),
        signature.SubgraphIndex(),
        named(signature.InputsLength(), signature.Inputs),
        named(signature.OutputsLength(), signature.Outputs),
    )


def _operator(code: Any, names: dict[int, str]) -> str:
    if code.CustomCode():
        return str(code.CustomCode().decode("utf-8", "replace")).lower()
    # Files older than 127 operators have the code in the first field only.
    number = max(code.DeprecatedBuiltinCode(), code.BuiltinCode())
    return names.get(number, f"operator {number}")


def _names(enum: Any) -> dict[int, str]:
    return {
        value: name.lower()
        for name, value in vars(enum).items()
        if isinstance(value, int) and not name.startswith("_")
    }
