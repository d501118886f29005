"""The inputs of an ONNX model: tensors, sequences of them, optional ones, strings and bfloat16.

The tensors of a sequence ``q`` are given as ``q.0``, ``q.1`` and so on, as outputs are recorded.
"""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple

import numpy as np

from eqc_runner.adapters.binding import InputSpec, bfloat16_bits, bind
from eqc_runner.adapters.onnx_values import element_of
from eqc_runner.adapters.protocol import Settings
from eqc_runner.failures import Failed, Unsupported

BFLOAT16 = 16
"""``TensorProto.DataType``."""


class OnnxInput(NamedTuple):
    """One input as the session states it."""

    spec: InputSpec
    is_optional: bool
    is_sequence: bool
    kind: str
    """Its type as ONNX Runtime writes it."""


class Fed(NamedTuple):
    """What a session is run with, and what was converted for that."""

    feeds: dict[str, Any]
    converted: tuple[str, ...]


def inputs_of(session: Any, unranked: frozenset[str]) -> list[OnnxInput]:
    """The inputs of ``session``; those in ``unranked`` may have any shape."""
    return [_input(value, unranked) for value in session.get_inputs()]


def bound(
    ort: Any, inputs: Mapping[str, np.ndarray], expected: list[OnnxInput], settings: Settings
) -> Fed:
    """The inputs as the session takes them. Raises ``Failed`` as ``binding.bind`` does."""
    specs: list[InputSpec] = []
    sequences: dict[str, list[str]] = {}
    for each in expected:
        name = each.spec.name
        if each.is_sequence:
            sequences[name] = _elements(name, inputs)
            if not sequences[name] and not each.is_optional:
                what = f"input {name!r} is a sequence of {each.spec.dtype} tensors"
                raise Failed("input-missing", f"{what}: name them {name}.0, {name}.1 and so on")
            specs += [each.spec._replace(name=element) for element in sequences[name]]
        elif not each.is_optional or name in inputs:
            specs.append(each.spec)
    made = bind(inputs, specs, settings)
    dtypes = {spec.name: spec.dtype for spec in specs}
    values = {name: _value(ort, array, dtypes[name]) for name, array in made.arrays.items()}
    for name, elements in sequences.items():
        if elements:
            values[name] = [values.pop(element) for element in elements]
    return Fed(values, made.converted)


def _input(value: Any, unranked: frozenset[str]) -> OnnxInput:
    kind = value.type
    is_optional = kind.startswith("optional(")
    inner = kind[len("optional(") : -1] if is_optional else kind
    is_sequence = inner.startswith("seq(")
    inner = inner[len("seq(") : -1] if is_sequence else inner
    if not inner.startswith("tensor("):
        text = f"input {value.name!r} is of type {kind}, which cannot be given"
        raise Unsupported("unsupported-operator", text)
    shape = tuple(
        length if isinstance(length, int) and length > 0 else None for length in value.shape
    )
    is_any = is_sequence or is_optional or value.name in unranked
    spec = InputSpec(value.name, None if is_any else shape, element_of(inner))
    return OnnxInput(spec, is_optional, is_sequence, kind)


def _elements(name: str, inputs: Mapping[str, np.ndarray]) -> list[str]:
    """The names of a sequence's tensors, in its order, up to the first that is missing."""
    found: list[str] = []
    while f"{name}.{len(found)}" in inputs:
        found.append(f"{name}.{len(found)}")
    return found


def _value(ort: Any, array: np.ndarray, dtype: str) -> Any:
    if dtype != "bfloat16":
        return array
    try:
        make = ort.OrtValue.ortvalue_from_numpy_with_onnx_type
    except AttributeError as error:
        text = f"onnxruntime {ort.__version__} takes no bfloat16 inputs; a newer version does"
        raise Unsupported("unsupported-precision", text) from error
    return make(bfloat16_bits(array), BFLOAT16)
