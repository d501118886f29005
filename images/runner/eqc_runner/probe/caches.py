"""Cache sizes from CPUID: leaf 4 (Intel), 0x8000001d (AMD), else AMD's older 0x80000005/6."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .leaves import MAXIMUM_SUBLEAVES, registers

if TYPE_CHECKING:
    from .leaves import Leaves

_TYPES = {1: "data", 2: "instruction", 3: "unified"}


def decode_caches(leaves: Leaves) -> list[dict[str, Any]] | None:
    """One entry per cache, in the order of the leaves: level, type and size in bytes.

    ``None`` if no leaf describes any.
    """
    for leaf in ("0x4", "0x8000001d"):
        found = _enumerated(leaves, leaf)
        if found:
            return found
    return _legacy(leaves) or None


def _enumerated(leaves: Leaves, leaf: str) -> list[dict[str, Any]]:
    found = []
    for subleaf in range(MAXIMUM_SUBLEAVES):
        values = registers(leaves, f"{leaf}.{subleaf}")
        if values is None or values["eax"] & 0x1F not in _TYPES:
            break
        ways = (values["ebx"] >> 22) + 1
        partitions = (values["ebx"] >> 12 & 0x3FF) + 1
        line = (values["ebx"] & 0xFFF) + 1
        size = ways * partitions * line * (values["ecx"] + 1)
        found.append(_cache(values["eax"] >> 5 & 7, _TYPES[values["eax"] & 0x1F], size))
    return found


def _legacy(leaves: Leaves) -> list[dict[str, Any]]:
    first = registers(leaves, "0x80000005.0") or {"ecx": 0, "edx": 0}
    outer = registers(leaves, "0x80000006.0") or {"ecx": 0, "edx": 0}
    found = [
        _cache(1, "data", (first["ecx"] >> 24) * 1024),
        _cache(1, "instruction", (first["edx"] >> 24) * 1024),
        _cache(2, "unified", (outer["ecx"] >> 16) * 1024),
        _cache(3, "unified", (outer["edx"] >> 18) * 512 * 1024),
    ]
    return [cache for cache in found if cache["bytes"]]


def _cache(level: int, kind: str, size: int) -> dict[str, Any]:
    return {"level": level, "type": kind, "bytes": size}
