"""How far apart the outputs of different classes are: beside the classes, never instead of them.

Standard library only, like ``results_model``. Whatever cannot be said, because a tensor is not
stored or the type has no such notion, is ``None`` or has its own outcome; it is never zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """Whether two outputs could be compared."""

    COMPARED = "compared"
    NO_TENSOR = "tensor not stored"
    OTHER_TYPE = "type or shape differs"


@dataclass(frozen=True)
class Bin:
    """``count`` elements whose ULP distance is in ``least``…``most``."""

    least: int
    most: int
    count: int


@dataclass(frozen=True)
class UlpHistogram:
    """Distances in units in the last place: steps from one value to the next of the type.

    -0 and 0 are one value here, and an infinity is the step after the largest number.
    """

    bins: tuple[Bin, ...]
    """0, then 1, 2…3, 4…7, …: doubling, without gaps, up to the last that has an element."""
    largest: int | None
    """``None`` where no element could be measured."""
    signed_zeros: int
    """Elements at distance 0 with other bits: -0 on one side, 0 on the other."""
    unordered: int
    """Elements with a NaN on one side, or two NaNs with other bits; in no bin."""
    equal_nans: int
    """Elements that are the same NaN on both sides; in no bin."""


@dataclass(frozen=True)
class Flips:
    """Labels: the position of the largest value along the last axis, the first of several."""

    rows: int
    flipped: int
    """Rows with another label."""
    undefined: int
    """Rows with a NaN on either side: they have no label and are not in ``flipped``."""


@dataclass(frozen=True)
class ClassPair:
    """Two classes of one partition, by their representatives."""

    a: int
    b: int
    """Class numbers, ``a`` < ``b``."""
    outcome: Outcome
    elements: int = 0
    """Of each output; 0 where nothing was compared."""
    differing: int = 0
    """Elements with other bits."""
    largest_absolute: float | None = None
    """max |x - y|; infinite where one side alone is infinite. ``None`` where not compared, or
    where every element has a NaN."""
    largest_relative: float | None = None
    """max |x - y| / max(|x|, |y|), and 0 where x = y; infinite where one side alone is, or the
    two are opposite infinities."""
    ulps: UlpHistogram | None = None
    """``None`` also for types that are not floats."""
    flips: Flips | None = None
    """``None`` also where the last axis has fewer than two elements, and for bool."""


@dataclass(frozen=True)
class ClassMargin:
    """How sure one class is of its labels: largest minus second largest value."""

    number: int
    outcome: Outcome
    smallest: float | None = None
    """Over all rows along the last axis; ``None`` where no row has a margin."""
    rows: int = 0
    undefined: int = 0
    """Rows with a NaN."""


@dataclass(frozen=True)
class Consequences:
    """Of one (workload, input, variant, output)."""

    workload: str
    input: str
    variant: str
    output: str
    pairs: tuple[ClassPair, ...]
    """By (a, b)."""
    margins: tuple[ClassMargin, ...]
    """By class number."""
    notes: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every class's tensor was there."""
        return all(margin.outcome is not Outcome.NO_TENSOR for margin in self.margins)

    @property
    def flips(self) -> int | None:
        """Pairs of classes that label some row differently; ``None`` if none could be judged."""
        judged = [pair.flips for pair in self.pairs if pair.flips is not None]
        return sum(flips.flipped > 0 for flips in judged) if judged else None
