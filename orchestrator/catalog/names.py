"""Names that an experiment may use: frameworks and what they can load, GPUs."""

from __future__ import annotations

from orchestrator.catalog.data import read


def frameworks() -> tuple[str, ...]:
    """All frameworks (images) there are."""
    return tuple(read("frameworks.json"))


def sources_of(framework: str) -> tuple[str, ...]:
    """The kinds of model ``framework`` can load, e.g. ``("builtin", "onnx")``."""
    return tuple(read("frameworks.json")[framework]["sources"])


def gpus() -> tuple[str, ...]:
    """Names of the GPUs that clouds offer."""
    return tuple(read("gpus.json"))
