"""The results of all analyses beyond the summary, as one page shows them.

Standard library only. An analysis without results gives the reason, and one that was cut short
says what it left out: an empty part never means that nothing is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from orchestrator.results.consequences import Consequences
from orchestrator.results.explanation import Explanation
from orchestrator.results.kernels import KernelUse
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
    """The results of one analysis."""

    items: tuple[Item, ...] = ()
    absent: str | None = None
    """Why there is nothing, in words; ``None`` if and only if there are ``items``."""
    notes: tuple[str, ...] = ()
    """What was left out and the command that shows it, and other remarks for the reader."""


@dataclass(frozen=True)
class FlagRow:
    """CPU flags that always occur together."""

    flags: tuple[str, ...]
    platforms: int
    """Platforms that have them."""
    presence: tuple[bool | None, ...]
    """By group of platforms: all have the flags, none has, or (``None``) some have."""


@dataclass(frozen=True)
class FlagTable:
    """Clusters of CPU flags by generation (Tables 1 and SUP-3)."""

    groups: tuple[tuple[str, int], ...]
    """(generation, platforms of it)."""
    rows: tuple[FlagRow, ...]
    common: tuple[str, ...]
    """Flags that every platform has; they are in no row."""
    undescribed: tuple[tuple[str, str], ...]
    """(platform, reason) of platforms that are left out because their flags are not known."""


@dataclass(frozen=True)
class CpuClass:
    """Platforms with the same instruction-set extensions and core counts in the same range."""

    number: int
    """From 0, by first appearance, as in Table SUP-1."""
    extensions: tuple[str, ...]
    core_bin: str
    platforms: tuple[str, ...]


@dataclass(frozen=True)
class Details:
    """The results of all analyses; a part without results holds the reason."""

    explanations: Part[Explanation]
    flags: Part[FlagTable]
    """One table or none."""
    cpu_classes: Part[CpuClass]
    layers: Part[LayerDetails]
    effects: Part[EffectCount]
    shares: Part[DeviatingShare]
    core_counts: Part[CoreCounts]
    sizes: Part[SizeRow]
    """Computations with a known number of multiplications, in ascending order of it."""
    consequences: Part[Consequences]
    kernels: Part[KernelUse] = Part(absent="No kernel was observed.")
