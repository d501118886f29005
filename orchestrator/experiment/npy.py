"""Arrays as ``.npy`` files whose bytes depend on nothing but the array, stored by content."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from orchestrator.system.files import write_whole

Array = NDArray[np.generic]


def npy_bytes(array: Array) -> bytes:
    """Format 1.0, little-endian, C order. NumPy's own writer pads by its version; this does not.

    ValueError for arrays of objects or structures.
    """
    if array.dtype.kind not in "biufc":
        raise ValueError(f"an array of {array.dtype} cannot be an input")
    plain = np.asarray(array, dtype=array.dtype.newbyteorder("<"), order="C")
    shape = f"({', '.join(str(side) for side in plain.shape)}{',' if plain.ndim == 1 else ''})"
    header = f"{{'descr': '{plain.dtype.str}', 'fortran_order': False, 'shape': {shape}, }}"
    magic = b"\x93NUMPY\x01\x00"
    # The data starts at a multiple of 64 bytes; the header ends in a newline.
    padded = header + " " * (-(len(magic) + 2 + len(header) + 1) % 64) + "\n"
    return magic + len(padded).to_bytes(2, "little") + padded.encode("latin1") + plain.tobytes()


def store_npy(array: Array, folder: Path) -> tuple[str, Path]:
    """Write ``folder/<sha256>.npy`` unless it is there; its sha256 and absolute path.

    Written whole or not at all. ``EnvironmentNotReady`` where that fails.
    """
    content = npy_bytes(array)
    digest = hashlib.sha256(content).hexdigest()
    path = folder.absolute() / f"{digest}.npy"
    if path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == digest:
        return digest, path
    write_whole(path, content)
    return digest, path
