"""The GPUs that ``nvidia-smi`` lists, and the CUDA libraries that can be loaded."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

_FIELDS = ("name", "uuid", "compute_cap", "driver_version", "memory.total")
_SECONDS = 30


def list_gpus() -> list[dict[str, Any]]:
    """One entry per GPU; ``[]`` without ``nvidia-smi``, which comes with the driver.

    Raises ``OSError`` if the program is there and fails: the GPUs are then unknown.
    """
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    command = [program, "--query-gpu=" + ",".join(_FIELDS), "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise OSError(f"nvidia-smi did not answer within {_SECONDS} seconds") from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout).decode("utf-8", "replace").strip()
        raise OSError(f"nvidia-smi ended with {done.returncode}: {said[:200]}")
    return parse_gpus(done.stdout.decode("utf-8", "replace"))


def parse_gpus(text: str) -> list[dict[str, Any]]:
    """The lines of ``nvidia-smi --format=csv,noheader``, in its order.

    ``memory_bytes`` is ``None`` where it prints ``[N/A]``. Raises ``OSError`` for a line with
    another number of fields.
    """
    gpus = []
    for line in text.splitlines():
        if not line.strip():
            continue
        values = [value.strip() for value in line.split(",")]
        if len(values) != len(_FIELDS):
            raise OSError(f"nvidia-smi printed a line that is not understood: {line[:200]}")
        name, uuid, capability, driver, memory = values
        gpus.append(
            {
                "name": name,
                "uuid": uuid,
                "compute_capability": capability,
                "driver": driver,
                "memory_bytes": _mebibytes(memory),
            }
        )
    return gpus


def cuda_version() -> str | None:
    """The version of the CUDA runtime that can be loaded, e.g. ``"12.4"``; else ``None``."""
    library = _load("cudart")
    if library is None:
        return None
    number = ctypes.c_int()
    if library.cudaRuntimeGetVersion(ctypes.byref(number)) != 0:
        return None
    return f"{number.value // 1000}.{number.value % 1000 // 10}"


def cudnn_version() -> str | None:
    """The version of cuDNN that can be loaded, e.g. ``"9.1.0"``; else ``None``."""
    library = _load("cudnn")
    if library is None:
        return None
    library.cudnnGetVersion.restype = ctypes.c_size_t
    number = int(library.cudnnGetVersion())
    scale = 10000 if number >= 90000 else 1000
    return f"{number // scale}.{number % scale // 100}.{number % 100}"


def _mebibytes(text: str) -> int | None:
    number, _, unit = text.partition(" ")
    return int(number) * 1024 * 1024 if unit == "MiB" and number.isdigit() else None


def _load(name: str) -> Any:
    """``lib<name>`` from the loader's path or from NVIDIA's wheels; ``None`` if in neither."""
    versions = ("", ".13", ".12", ".11.0", ".9", ".8")
    candidates = [f"lib{name}.so{version}" for version in versions]
    for folder in sys.path:
        candidates += map(str, sorted(Path(folder).glob(f"nvidia/*/lib/lib{name}.so*")))
    for candidate in candidates:
        library = _open(candidate)
        if library is not None:
            return library
    return None


def _open(library: str) -> Any:
    try:
        return ctypes.CDLL(library)
    except OSError:
        return None
