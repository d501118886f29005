"""How many classes there are as platforms are added, one after the other (Figure 1).

Standard library only, like ``results_model``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CountedPlatform:
    """One place on the axis, and what is known of its hardware."""

    name: str
    vendor: str | None
    generation: str | None
    cores: int | None


@dataclass(frozen=True)
class CountCurve:
    """One partition. ``counts[i]`` are the classes among the first ``i + 1`` platforms."""

    workload: str
    input: str
    variant: str
    output: str
    counts: tuple[int, ...]
    numbers: tuple[int | None, ...]
    """The class number of each platform; ``None`` where it gave no output."""


@dataclass(frozen=True)
class ClassCounts:
    """Partitions that have platforms in common, over one axis."""

    platforms: tuple[CountedPlatform, ...]
    """By vendor, age of the generation and cores."""
    curves: tuple[CountCurve, ...]
