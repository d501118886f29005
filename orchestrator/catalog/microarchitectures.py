"""The microarchitecture of an x86 processor by its CPUID signature, and the generation of a GPU.

For imported fingerprints: those that the runner makes hold the name already.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from orchestrator.catalog.lists import read
from orchestrator.system.paths import runner_path


def microarchitecture(
    vendor: str | None, family: int | None, model: int | None, stepping: int | None
) -> str | None:
    """The name, e.g. ``Ice Lake server``; ``None`` where no name fits, or several do.

    ``vendor`` is CPUID's text, e.g. ``GenuineIntel``. Where ``stepping`` is ``None``, all steppings
    of the model count.
    """
    rows = [
        row
        for row in _rows()
        if row["vendor"] == vendor
        and row["family"] == family
        and model is not None
        and _contains(row["models"], model)
    ]
    if stepping is not None:
        fitting = (row for row in rows if _contains(row.get("steppings", "0-f"), stepping))
        return next((str(row["name"]) for row in fitting), None)
    names = {str(row["name"]) for row in rows}
    return names.pop() if len(names) == 1 else None


_VENDORS = {"AuthenticAMD": "AMD", "GenuineIntel": "Intel", "HygonGenuine": "Hygon"}


def vendor_name(vendor: str | None) -> str | None:
    """``Intel`` for ``GenuineIntel``; CPUID's own text for other vendors; ``None`` for ``None``."""
    return None if vendor is None else _VENDORS.get(vendor, vendor)


def generation_age(vendor: str | None, name: str | None) -> int | None:
    """The index of a microarchitecture in its vendor's list, oldest first; ``None``: not listed.

    Server and client cores are in one list, with the small cores (Atom) after the large ones.
    """
    names = [row["name"] for row in _rows() if row["vendor"] == vendor]
    return names.index(name) if name in names else None


@cache
def _rows() -> list[dict[str, Any]]:
    data = runner_path() / "eqc_runner" / "probe" / "data" / "x86_microarchitectures.json"
    rows: list[dict[str, Any]] = json.loads(data.read_text(encoding="utf-8"))["rows"]
    return rows


def _contains(ranges: str, number: int) -> bool:
    """Whether ``number`` is in hexadecimal ``ranges`` such as ``3c 40-4f``."""
    for part in ranges.split():
        first, _, last = part.partition("-")
        if int(first, 16) <= number <= int(last or first, 16):
            return True
    return False


NEWEST = (13.0,)
"""CUDA compute capabilities from here on are newer than the list of generations."""


def gpu_generation(capability: tuple[float, ...]) -> str | None:
    """The GPU generation of a CUDA compute capability, e.g. ``(7, 5)`` → ``Turing``.

    ``None`` for a capability that is older or newer than the list.
    """
    if capability >= NEWEST:
        return None
    names = [
        str(name)
        for lowest, name in read("gpu_generations.json")["NVIDIA"]
        if tuple(float(part) for part in lowest.split(".")) <= capability
    ]
    return names[-1] if names else None
