"""The generation of an NVIDIA GPU by its compute capability (``gpu_generations.json``)."""

from __future__ import annotations

from orchestrator.catalog.data import read

NEWEST = (13.0,)
"""No capability from here on was known when the list was written."""


def gpu_generation(capability: tuple[float, ...]) -> str | None:
    """The name, e.g. ``(7, 5)`` → ``Turing``; ``None`` below or above what the list knows."""
    if capability >= NEWEST:
        return None
    names = [
        str(name)
        for lowest, name in read("gpu_generations.json")["NVIDIA"]
        if tuple(float(part) for part in lowest.split(".")) <= capability
    ]
    return names[-1] if names else None
