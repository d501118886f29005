"""The frameworks' own switches that make a CPU pass for an older one (``masks.json``)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from orchestrator.catalog.data import read

LEVELS = ("sse4", "avx", "avx2", "avx512")
"""From the oldest to the newest."""


def mask_environment(level: str, framework: str) -> Mapping[str, str] | None:
    """The variables that hold ``framework`` down to ``level``; ``None``: it has no switch.

    They must be set before the process starts. KeyError for an unknown level.
    """
    environment = read("masks.json")["levels"][level]["environment"].get(framework)
    return None if environment is None else MappingProxyType(environment)


def required_flag(level: str) -> str:
    """The CPU flag (as Linux names it) a machine must have for ``level`` to mean anything."""
    return str(read("masks.json")["levels"][level]["required_flag"])
