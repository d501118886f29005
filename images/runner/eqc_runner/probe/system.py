"""Operating system, libraries, memory and permitted cores."""

from __future__ import annotations

import os
import platform
import re
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from .gpus import cuda_version, cudnn_version
from .kernel import read_text


def describe_system() -> dict[str, Any]:
    """The ``system`` part of a fingerprint, with ``"missing"``: name to reason."""
    known: dict[str, Any] = {
        "kernel": f"{platform.system()} {platform.release()}",
        "os": os_name(read_text("/etc/os-release") or read_text("/usr/lib/os-release") or ""),
        "libc": _libc(),
        "python": platform.python_version(),
        "numpy": _version("numpy"),
        "cuda": cuda_version(),
        "cudnn": cudnn_version(),
    }
    reasons = {
        "os": "no os-release file names it",
        "libc": "the C library does not say its version",
        "numpy": "not installed",
        "cuda": "no CUDA runtime library can be loaded",
        "cudnn": "no cuDNN library can be loaded",
    }
    missing = {name: reason for name, reason in reasons.items() if known[name] is None}
    return {**known, "missing": missing}


def os_name(text: str) -> str | None:
    """``PRETTY_NAME`` of an os-release file; ``None`` if it has none."""
    found = re.search(r"^PRETTY_NAME=(.*)$", text, re.MULTILINE)
    return found.group(1).strip().strip("\"'") or None if found else None


def memory_bytes() -> int | None:
    """Physical memory in bytes (``MemTotal``); ``None`` if the kernel does not say."""
    found = re.search(r"^MemTotal:\s+(\d+) kB", read_text("/proc/meminfo") or "", re.MULTILINE)
    return int(found.group(1)) * 1024 if found else None


def affinity() -> list[int] | None:
    """The cores this process may run on, ascending; ``None`` where there is no such call."""
    try:
        return sorted(os.sched_getaffinity(0))
    except AttributeError:
        return None


def _libc() -> str | None:
    try:
        return os.confstr("CS_GNU_LIBC_VERSION")
    except (AttributeError, OSError, ValueError):
        return " ".join(platform.libc_ver()).strip() or None


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
