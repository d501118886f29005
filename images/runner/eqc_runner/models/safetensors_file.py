"""Reads the safetensors format: a length, a JSON header, raw little-endian tensors.

The format carries no code, so reading a file from anywhere is safe; every offset is checked.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Mapping

import numpy as np

from eqc_runner.failures import Failed

if TYPE_CHECKING:
    from pathlib import Path

DTYPES = {"F16": "<f2", "F32": "<f4", "F64": "<f8"}


def read_safetensors(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The tensors by name, and the metadata, of a safetensors file.

    Raises ``Failed`` for a missing or malformed file and for dtypes other than float16/32/64.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise Failed("input-missing", f"no weights file {path.name}") from error
    try:
        length = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + length])
        body = memoryview(content)[8 + length :]
        metadata = header.pop("__metadata__", {})
        tensors = {name: _tensor(name, entry, body) for name, entry in header.items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Failed("exception", f"{path.name} is not a safetensors file: {error}") from error
    return tensors, {str(key): str(value) for key, value in metadata.items()}


def _tensor(name: str, entry: Mapping[str, object], body: memoryview) -> np.ndarray:
    dtype = DTYPES.get(str(entry["dtype"]))
    if dtype is None:
        raise ValueError(f"tensor {name!r} is {entry['dtype']}, not one of {', '.join(DTYPES)}")
    start, end = (int(offset) for offset in entry["data_offsets"])  # type: ignore[attr-defined]
    if not 0 <= start <= end <= len(body):
        raise ValueError(f"tensor {name!r} lies outside the file")
    shape = tuple(int(length) for length in entry["shape"])  # type: ignore[attr-defined]
    array = np.frombuffer(body[start:end], dtype=dtype).reshape(shape)
    return array.astype(array.dtype.newbyteorder("="), copy=False)
