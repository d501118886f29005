"""How classes and remaining precision depend on layers, core counts and sizes of models.

Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True)
class UnrecordedLayer:
    """A layer that some platforms computed and could not record, for one reason."""

    index: int
    name: str
    operation: str | None
    reason: str
    platforms: tuple[str, ...]
    """Sorted by name."""


class Effect(StrEnum):
    """How a layer changes the remaining precision of the layer before it."""

    RAISES = "raises"
    KEEPS = "keeps"
    LOWERS = "lowers"
    UNDEFINED = "undefined"
    """Either layer is no float or was stored without a chain, or no platform gave both."""


@dataclass(frozen=True)
class LayerDetail:
    """One layer compared with the one before it in the order of computation.

    Records have that order, not the graph: the layer before one is not always its input (it is not
    at a shortcut of a residual network). An activation follows its input in all builtin models.
    """

    index: int
    name: str
    operation: str | None
    platforms: int
    """Number of platforms that gave this layer and the one before; only these are compared."""
    before: int | None
    """Remaining precision (bits) of the layer before. For the first layer it is m, since the input
    is the same on all platforms."""
    after: int | None
    effect: Effect
    deviating_before: float | None = None
    deviating_after: float | None = None
    """Share, 0…1, of the elements that are not bit-identical on all these platforms. ``None`` where
    a class's tensor is not stored or types or shapes differ. If all platforms agree it is 0, for
    which no tensor is needed."""


@dataclass(frozen=True)
class LayerDetails:
    """All layers of one (workload, input, variant), by index."""

    workload: str
    input: str
    variant: str
    layers: tuple[LayerDetail, ...]
    missing_tensors: int
    """Number of distinct layer outputs whose tensor a share needs and the store lacks."""

    @property
    def complete(self) -> bool:
        """Whether every tensor that a share needs is stored."""
        return self.missing_tensors == 0


@dataclass(frozen=True)
class EffectCount:
    """Numbers of layers of one operation by effect (Table SUP-9), averaged over the inputs."""

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
    """Shares of deviating elements before and after one layer (Table SUP-8), 0…1.

    Averaged over the inputs whose tensors are stored.
    """

    workload: str
    variant: str
    index: int
    name: str
    operation: str | None
    inputs: int
    """Number of inputs whose tensors are all stored; if 0, the shares are ``None``."""
    missing: int
    """Number of inputs left out because a tensor is not stored."""
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
    """The platforms of this generation and class at each of the two core counts, sorted."""


@dataclass(frozen=True)
class CoreLevel:
    """All platforms with one core count."""

    cores: int
    platforms: int
    generations: tuple[tuple[str, tuple[str, ...]], ...]
    """(generation, ids of its classes), sorted; a generation may be in several classes."""
    classes: tuple[str, ...]
    """Distinct class ids, sorted."""


@dataclass(frozen=True)
class Joined:
    """Classes of one core count whose generations are in one class at a higher core count."""

    cores: tuple[int, int]
    """The highest count at which they are in different classes, and the first with one class."""
    before: tuple[str, ...]
    """Class ids, at least two, sorted."""
    after: str
    """The id of the one class."""
    generations: tuple[str, ...]


@dataclass(frozen=True)
class CoreCounts:
    """How classes depend on the core count in one (workload, input, output) (Figure 2)."""

    workload: str
    input: str
    variant: str
    """Without the number of threads if the levels are numbers of threads."""
    output: str
    levels: tuple[CoreLevel, ...]
    """By core count, ascending."""
    flows: tuple[Flow, ...]
    joined: tuple[Joined, ...]
    unplaced: tuple[str, ...]
    """Platforms with a class whose core count or generation is not known, sorted."""


@dataclass(frozen=True)
class SizeRow:
    """One computation and its number of multiplications (Figure 4)."""

    workload: str
    input: str
    variant: str
    output: str
    multiplications: int | None
    """For one element of the batch; ``None`` where no record has it, or records differ."""
    platforms: int
    classes: int
    remaining_precision: int | None
    mantissa_bits: int | None
    note: str | None = None
