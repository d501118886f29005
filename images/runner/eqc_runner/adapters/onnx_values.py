"""ONNX Runtime's values as tensors.

Its Python interface does not return bfloat16 nor most types of eight bits and fewer, and returns
one of them as if it were uint8: their bytes are read from its memory, and the dtype of every
output is what the session says of it.
"""

from __future__ import annotations

import ctypes
import re
from typing import Any, List, Mapping, Sequence, Tuple, Union

import numpy as np

from eqc_runner.adapters.nested import leaves
from eqc_runner.tensor import CARRIERS, Tensor, Unrecorded

DTYPES = {
    "float": "float32",
    "double": "float64",
    "float8e4m3fn": "float8_e4m3fn",
    "float8e4m3fnuz": "float8_e4m3fnuz",
    "float8e5m2": "float8_e5m2",
    "float8e5m2fnuz": "float8_e5m2fnuz",
    "float8e8m0": "float8_e8m0fnu",
}
"""ONNX's names of element types that have another name here."""
RAW = {
    "bfloat16": 16,
    "float8_e4m3fn": 8,
    "float8_e4m3fnuz": 8,
    "float8_e5m2": 8,
    "float8_e5m2fnuz": 8,
    "float8_e8m0fnu": 8,
    "int4": 4,
    "uint4": 4,
}
"""Bits of an element of the types that are read from memory."""
NESTED = ("tensor(", "seq(", "map(", "optional(")
"""What the values are that it returns; others are sparse tensors and types of its own."""
NO_STRINGS = "strings are not recorded"

Value = Union[Tensor, Unrecorded]
Named = List[Tuple[str, Value]]


def element_of(kind: str) -> str:
    """The dtype of ``tensor(float)``, or of what a sequence or map of such tensors holds."""
    inner = re.findall(r"(\w+)\)*$", kind)
    return DTYPES.get(inner[0], inner[0]) if inner else kind


def is_tensor(kind: str) -> bool:
    """Whether a value of this type, as the session calls it, is one dense tensor."""
    return kind.startswith("tensor(")


def outputs_of(
    ort: Any, session: Any, outputs: Sequence[Any], feeds: Mapping[str, Any]
) -> dict[str, Named]:
    """Run ``session``; for each of its ``outputs`` the leaves of its value, by path.

    All outputs come from one run, but where some have to be read from memory and others are
    sequences or maps, which only another way of running returns.
    """
    kinds = {output.name: output.type for output in outputs}
    found: dict[str, Named] = {}
    returned, raw = [], []
    for name, kind in kinds.items():
        dtype = element_of(kind)
        if dtype in RAW and is_tensor(kind):
            raw.append(name)
        elif kind.startswith(NESTED) and (dtype == "string" or dtype in CARRIERS.keys() - RAW):
            returned.append(name)
        else:
            found[name] = [(name, Unrecorded(f"values of type {kind} cannot be read"))]
    if raw:
        is_one_run = all(is_tensor(kinds[name]) for name in returned)
        asked = raw + returned if is_one_run else raw
        found.update(_from_memory(ort, session, {name: kinds[name] for name in asked}, feeds))
        returned = [] if is_one_run else returned
    if returned:
        for name, value in zip(returned, session.run(returned, dict(feeds))):
            found[name] = _leaves(name, value, kinds[name])
    return {name: found[name] for name in kinds}


def _leaves(name: str, value: Any, kind: str) -> Named:
    dtype = element_of(kind)

    def tensor_of(leaf: Any) -> Value:
        if isinstance(leaf, np.ndarray):
            is_text = leaf.dtype.kind in "OUS"
            return Unrecorded(NO_STRINGS) if is_text else Tensor.of(leaf)
        if isinstance(leaf, (str, bytes)):
            return Unrecorded(NO_STRINGS)
        # A map's value is a Python number, which has the value of the map's own type.
        return Tensor.of(np.array(leaf, dtype))

    return leaves(value, tensor_of, name)


def _from_memory(
    ort: Any, session: Any, kinds: Mapping[str, str], feeds: Mapping[str, Any]
) -> dict[str, Named]:
    try:
        given = {name: _ort_value(ort, value) for name, value in feeds.items()}
    except (RuntimeError, TypeError) as error:
        reason = f"its type is not returned for inputs that are not tensors of numbers: {error}"
        return {name: [(name, Unrecorded(reason))] for name in kinds}
    values = session.run_with_ort_values(list(kinds), given)
    return {
        name: [(name, _tensor(value, kind))] if element_of(kind) in RAW
        else _leaves(name, value.numpy(), kind)
        for (name, kind), value in zip(kinds.items(), values)
    }  # fmt: skip


def _ort_value(ort: Any, value: Any) -> Any:
    if not isinstance(value, np.ndarray):  # made already: bfloat16 has no array
        return value
    return ort.OrtValue.ortvalue_from_numpy(value)


def _tensor(value: Any, kind: str) -> Value:
    dtype = element_of(kind)
    if value.device_name().lower() != "cpu":
        return Unrecorded(f"{dtype} is not read from the memory of {value.device_name()}")
    shape, bits = tuple(value.shape()), RAW[dtype]
    count = int(np.prod(shape, dtype=np.int64))
    size = (count * bits + 7) // 8
    content = ctypes.string_at(value.data_ptr(), size) if size else b""
    if bits == 4:
        return Tensor(dtype, _nibbles(content, count, dtype).reshape(shape))
    return Tensor(dtype, np.frombuffer(content, f"<u{bits // 8}").reshape(shape).copy())


def _nibbles(content: bytes, count: int, dtype: str) -> np.ndarray:
    """One element a byte; two are packed into a byte, the first in its low half."""
    packed = np.frombuffer(content, np.uint8)
    flat = np.stack([packed & 15, packed >> 4], axis=-1).reshape(-1)[:count]
    if dtype == "uint4":
        return flat
    return ((flat ^ 8).astype(np.int16) - 8).astype(np.int8)
