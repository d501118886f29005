"""What stands behind the classes, for one page: every analysis beyond the summary.

Standard library only, like ``results_model``. An analysis that found nothing says why, and one
that was cut short says what it left out; an empty part never means "all is well".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from orchestrator.results.consequences import Consequences
from orchestrator.results.explanation import Explanation
from orchestrator.results.layers import (
    CoreCounts,
    DeviatingShare,
    EffectCount,
    LayerDetails,
    SizeRow,
)

Item = TypeVar("Item")


@dataclass(frozen=True)
class Part(Generic[Item]):
    """What one analysis found."""

    items: tuple[Item, ...] = ()
    absent: str | None = None
    """Why there is nothing, in words; ``None`` if and only if there are ``items``."""
    notes: tuple[str, ...] = ()
    """What was left out, and the command that shows it; what a reader must know."""


@dataclass(frozen=True)
class Explained:
    """One explanation, and the inputs that it holds for."""

    explanation: Explanation
    inputs: tuple[str, ...]
    """All inputs of the workload and variant whose classes hold the same platforms."""


@dataclass(frozen=True)
class FlagRow:
    """CPU flags that always occur together."""

    flags: tuple[str, ...]
    platforms: int
    """Platforms that have them."""
    presence: tuple[bool | None, ...]
    """By group of platforms: all have them, none has them, or (``None``) some have."""


@dataclass(frozen=True)
class FlagTable:
    """Clusters of CPU flags by generation (Tables 1 and SUP-3)."""

    groups: tuple[tuple[str, int], ...]
    """(generation, platforms of it)."""
    rows: tuple[FlagRow, ...]
    common: tuple[str, ...]
    """Flags that every platform has; they are in no row."""
    undescribed: tuple[tuple[str, str], ...]
    """(platform, reason): those whose flags are not known take no part."""


@dataclass(frozen=True)
class CpuClass:
    """Platforms with the same extensions and about as many cores."""

    number: int
    """From 0, by first appearance, as in Table SUP-1."""
    extensions: tuple[str, ...]
    core_bin: str
    platforms: tuple[str, ...]


@dataclass(frozen=True)
class Details:
    """Every part is there; each may be empty, with a reason."""

    explanations: Part[Explained]
    flags: Part[FlagTable]
    """One table or none."""
    cpu_classes: Part[CpuClass]
    layers: Part[LayerDetails]
    effects: Part[EffectCount]
    shares: Part[DeviatingShare]
    core_counts: Part[CoreCounts]
    sizes: Part[SizeRow]
    """The computations whose multiplications are known, the smallest first."""
    consequences: Part[Consequences]
