"""Reads weights in the safetensors format. It cannot hold code, so untrusted files are safe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safetensors import SafetensorError, safe_open

from eqc_runner.failures import Failed

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

DTYPES = ("float16", "float32", "float64")


def read_safetensors(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The tensors by name, and the metadata, of a safetensors file.

    Raises ``Failed`` for a missing or malformed file and for dtypes other than float16/32/64.
    """
    if not path.is_file():
        raise Failed("input-missing", f"no weights file {path.name}")
    try:
        with safe_open(str(path), framework="numpy") as file:
            metadata = {str(key): str(value) for key, value in (file.metadata() or {}).items()}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, TypeError, AttributeError) as error:
        # TypeError and AttributeError: a dtype that NumPy does not have, such as bfloat16.
        raise Failed("exception", f"{path.name} is not a safetensors file: {error}") from error
    for name, array in tensors.items():
        if array.dtype.name not in DTYPES:
            wanted = ", ".join(DTYPES)
            raise Failed(
                "exception",
                f"{path.name} is not usable: tensor {name!r} is {array.dtype}, not one of {wanted}",
            )
    return tensors, metadata
