"""How far apart the outputs of different classes are. These numbers never change the classes.

Standard library only. What is not known, because a tensor is not stored or the type does not have
it, is ``None`` or has an ``Outcome`` of its own; it is never zero.
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
    """How many labels differ. The label of a row is the index of its largest value.

    A row lies along the last axis; of several largest values the first counts.
    """

    rows: int
    flipped: int
    """Rows whose labels differ."""
    undefined: int
    """Rows with a NaN in either output: they have no label and are not in ``flipped``."""


@dataclass(frozen=True)
class ClassPair:
    """Two classes of one partition, compared by one output of each."""

    a: int
    b: int
    """Class numbers, ``a`` < ``b``."""
    outcome: Outcome
    elements: int = 0
    """Elements of each output; 0 where nothing was compared."""
    differing: int = 0
    """Elements whose bits differ."""
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
    """The margins of one class: in each row, the largest minus the second largest value."""

    number: int
    outcome: Outcome
    smallest: float | None = None
    """The smallest margin of all rows along the last axis; ``None`` where no row has one."""
    rows: int = 0
    undefined: int = 0
    """Rows with a NaN."""


@dataclass(frozen=True)
class Consequences:
    """The pairs and margins of the classes of one (workload, input, variant, output)."""

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
    def key(self) -> tuple[str, str, str, str]:
        """(workload, input, variant, output)."""
        return (self.workload, self.input, self.variant, self.output)

    @property
    def complete(self) -> bool:
        """Whether a tensor of every class is stored."""
        return all(margin.outcome is not Outcome.NO_TENSOR for margin in self.margins)

    @property
    def flips(self) -> int | None:
        """Number of pairs with a row whose labels differ; ``None`` if no pair has labels."""
        judged = [pair.flips for pair in self.pairs if pair.flips is not None]
        return sum(flips.flipped > 0 for flips in judged) if judged else None
