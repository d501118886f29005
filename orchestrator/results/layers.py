"""Layers, core counts and sizes of models: what they do to classes and remaining precision.

Standard library only, like ``results_model``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Effect(StrEnum):
    """What a layer does to the remaining precision of what came before it."""

    RAISES = "raises"
    KEEPS = "keeps"
    LOWERS = "lowers"
    UNDEFINED = "undefined"
    """One side is no float, has no chain, or has no platform in common with the other."""


@dataclass(frozen=True)
class LayerDetail:
    """One layer against the one before it in the order of computation.

    Records hold that order, not the graph: the layer before a shortcut's is not its input. An
    activation follows its input in every model of this project.
    """

    index: int
    name: str
    operation: str | None
    platforms: int
    """Platforms that gave this layer and the one before: only they are compared."""
    before: int | None
    """Remaining precision of the layer before; of the first layer all m bits: its input is the
    same everywhere."""
    after: int | None
    effect: Effect
    deviating_before: float | None = None
    deviating_after: float | None = None
    """Share, 0…1, of the elements that are not bit-identical on all these platforms. ``None``
    where a tensor of a class is not stored, or their types or shapes differ; 0 needs no tensor
    where all platforms agree."""


@dataclass(frozen=True)
class LayerDetails:
    """All layers of one (workload, input, variant), by index."""

    workload: str
    input: str
    variant: str
    layers: tuple[LayerDetail, ...]
    missing_tensors: int
    """Distinct layer outputs whose tensor is needed and not stored; those shares are ``None``."""

    @property
    def complete(self) -> bool:
        """Whether every tensor that a share needs was there."""
        return self.missing_tensors == 0


@dataclass(frozen=True)
class EffectCount:
    """Layers of one operation (Table SUP-9), averaged over the inputs."""

    workload: str
    variant: str
    operation: str | None
    inputs: int
    raises: float
    keeps: float
    lowers: float
    undefined: float


@dataclass(frozen=True)
class DeviatingShare:
    """One layer before and after (Table SUP-8), averaged over the inputs that have tensors."""

    workload: str
    variant: str
    index: int
    name: str
    operation: str | None
    inputs: int
    """Inputs whose tensors were all there; with 0 the shares are ``None``."""
    missing: int
    """Inputs left out because a tensor was not stored."""
    before: float | None
    after: float | None


@dataclass(frozen=True)
class Flow:
    """Platforms of one generation at two successive core counts of that generation."""

    generation: str
    cores: tuple[int, int]
    classes: tuple[str, str]
    """Class ids."""
    platforms: tuple[tuple[str, ...], tuple[str, ...]]
    """Of this generation and class at either core count, sorted."""


@dataclass(frozen=True)
class CoreLevel:
    """All platforms with one core count."""

    cores: int
    platforms: int
    generations: tuple[tuple[str, tuple[str, ...]], ...]
    """(generation, ids of its classes), sorted; several where a generation is not uniform."""
    classes: tuple[str, ...]
    """Distinct class ids, sorted."""


@dataclass(frozen=True)
class Joined:
    """Classes of one core count whose generations are together at a higher one."""

    cores: tuple[int, int]
    """The highest count at which they were apart, and the first at which they are together."""
    before: tuple[str, ...]
    """Class ids, at least two, sorted."""
    after: str
    """The class id that they share."""
    generations: tuple[str, ...]


@dataclass(frozen=True)
class CoreCounts:
    """How classes depend on the core count in one (workload, input, output) (Figure 2)."""

    workload: str
    input: str
    variant: str
    """Without the number of threads, where that is what varies."""
    output: str
    levels: tuple[CoreLevel, ...]
    """By core count, ascending."""
    flows: tuple[Flow, ...]
    joined: tuple[Joined, ...]
    unplaced: tuple[str, ...]
    """Platforms with a class whose core count or generation is not known, sorted."""


@dataclass(frozen=True)
class SizeRow:
    """One computation beside the number of multiplications in it (Figure 4)."""

    workload: str
    input: str
    variant: str
    output: str
    multiplications: int | None
    """For one element of the batch; ``None`` where no record says, or records disagree."""
    platforms: int
    classes: int
    remaining_precision: int | None
    mantissa_bits: int | None
    note: str | None = None
