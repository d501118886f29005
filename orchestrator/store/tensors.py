"""Tensors of a store, read by digest and checked against it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from blake3 import blake3

from orchestrator.errors import StoreError
from orchestrator.results.tensor_file import CARRIERS, WIDTH

Tensor = tuple[str, tuple[int, ...], npt.NDArray[Any]]
"""(dtype name, shape, array of that shape); what NumPy has no type for is in its ``CARRIERS``."""


class StoredTensors:
    """The ``tensors/`` folders of one or several runs; call it with a digest.

    Keeps nothing in memory: a caller that needs a tensor twice holds it or reads it twice.
    """

    def __init__(self, runs: Sequence[Path]) -> None:
        self._folders = tuple(run / "tensors" for run in runs)

    def __call__(self, digest: str) -> Tensor | None:
        """The tensor with this ``digest``; ``None`` where no run stored it.

        Raises ``StoreError`` naming the file where its content is not what its name says.
        """
        for folder in self._folders:
            path = folder / digest
            if _is_name(digest) and path.is_file():
                return read_tensor(path)
        return None


def read_tensor(path: Path) -> Tensor:
    """The tensor in ``path``, whose name is its digest (docs/formats.md, section 1).

    Raises ``StoreError`` where the file cannot be read, has another digest, or is no tensor file.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror})") from error
    found = blake3(content).hexdigest()
    if found != path.name:
        raise StoreError(
            f"{path}: its content has the digest {found[:12]}…, not the one in its name; the file "
            "is damaged: remove it, and run the experiment again with --fresh to have it back"
        )
    try:
        return _parsed(content)
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{path}: not a tensor file ({error})") from error


def _parsed(content: bytes) -> Tensor:
    line, newline, body = content.partition(b"\n")
    if not newline:
        raise ValueError("no header line")
    header = json.loads(line)
    dtype, shape = header["dtype"], tuple(header["shape"])
    if dtype not in WIDTH:
        raise ValueError(f"dtype {dtype!r} is unknown")
    if not all(isinstance(size, int) and size >= 0 for size in shape):
        raise ValueError(f"shape {shape} is none")
    carrier = np.dtype(CARRIERS.get(dtype, dtype)).newbyteorder("<")
    array = np.frombuffer(body, dtype=carrier).reshape(shape)
    return dtype, shape, array.astype(carrier.newbyteorder("="), copy=False)


def _is_name(digest: str) -> bool:
    """A digest comes from a record, which may have been tampered with: no path of any kind."""
    return len(digest) == 64 and all(character in "0123456789abcdef" for character in digest)
