"""What changed between two analyses: frozen values that the formats show as they are.

Standard library only, like ``results_model``. A class is named by its id (the digest's prefix),
which means the same bits in every run; class numbers do not, and are not compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Change(StrEnum):
    """What became of a partition, or of a group of its classes, on the common platforms.

    Common are the platforms that have a class on both sides. Join a class of the baseline with a
    class of the current one where they share a platform: each connected group of classes is
    judged by how many there are on either side.
    """

    SAME = "same"
    """Every common platform gives the bits that it gave."""
    SPLIT = "split"
    """Platforms of one class are in several now (one → many)."""
    MERGED = "merged"
    """Platforms of several classes are in one now (many → one)."""
    MOVED = "moved"
    """Other bits with the same platforms together (one → one), or platforms that went from one
    class to another so that the sets of platforms cross (many → many)."""
    ONLY_BASELINE = "only in the baseline"
    """The current analysis has no such partition."""
    ONLY_CURRENT = "only in the current one"
    """The baseline has no such partition: nothing to compare with."""
    NOT_COMPARED = "not compared"
    """Both have the partition, but no platform has a class in both."""


@dataclass(frozen=True)
class ClassSide:
    """One class as one side has it, restricted to the common platforms."""

    id: str
    platforms: tuple[str, ...]
    """Sorted by name."""


@dataclass(frozen=True)
class ClassChange:
    """One connected group of classes that is not the same on both sides."""

    change: Change
    """``SPLIT``, ``MERGED`` or ``MOVED``."""
    before: tuple[ClassSide, ...]
    after: tuple[ClassSide, ...]
    """By id. Both cover the same platforms."""
    varying: tuple[str, ...]
    """Of these platforms, those non-deterministic on either side: they stand by their most
    frequent output, so that chance alone can move them."""

    @property
    def grouping_kept(self) -> bool:
        """Whether the same platforms are together on both sides: only the bits changed."""
        return {side.platforms for side in self.before} == {side.platforms for side in self.after}


@dataclass(frozen=True)
class Absent:
    """A platform of which the current analysis has no class, and what is known of why."""

    platform: str
    status: str
    """``absent`` where the current analysis does not mention the platform at all."""
    reason: str
    expected: bool
    """The baseline had no class for it either: it is no worse than it was."""


@dataclass(frozen=True)
class PartitionDifference:
    """One (workload, input, variant, output) in the baseline and now."""

    workload: str
    input: str
    variant: str
    output: str
    change: Change
    common: int
    """Platforms with a class on both sides; only they are compared."""
    classes: tuple[int, int]
    """Number of classes (before, after), of all platforms of each side."""
    remaining_precision: tuple[int | None, int | None]
    """Of each side's whole fleet (before, after)."""
    changes: tuple[ClassChange, ...] = ()
    """By the first platform's name; empty if and only if nothing changed."""
    missing: tuple[Absent, ...] = ()
    """Platforms without a class now, sorted by name."""
    new: tuple[str, ...] = ()
    """Platforms with a class now and none in the baseline, sorted by name."""
    newly_nondeterministic: tuple[str, ...] = ()
    """Common platforms whose sessions agreed in the baseline and disagree now."""
    no_longer_nondeterministic: tuple[str, ...] = ()
    """Common platforms whose sessions disagreed in the baseline and agree now."""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """(workload, input, variant, output)."""
        return (self.workload, self.input, self.variant, self.output)

    @property
    def differs(self) -> bool:
        """Other bits, or a platform that was deterministic and is not any more."""
        return bool(self.changes or self.newly_nondeterministic)

    @property
    def lacking(self) -> tuple[Absent, ...]:
        """The missing platforms that the baseline did not lack."""
        return tuple(absent for absent in self.missing if not absent.expected)

    @property
    def incomplete(self) -> bool:
        """Something that the baseline has, or that was asked for now, is missing."""
        return bool(self.lacking)


@dataclass(frozen=True)
class Difference:
    """All partitions of both sides: the baseline's in its order, then those only in the other."""

    partitions: tuple[PartitionDifference, ...]
    new_platforms: tuple[str, ...]
    """With a class now, and with none anywhere in the baseline; sorted."""
    missing_platforms: tuple[str, ...]
    """With a class in the baseline, and with none anywhere now; sorted."""

    @property
    def differs(self) -> bool:
        """Whether some partition differs on its common platforms."""
        return any(partition.differs for partition in self.partitions)

    @property
    def incomplete(self) -> bool:
        """Whether something is missing that was not missing in the baseline."""
        return any(partition.incomplete for partition in self.partitions)

    def count(self, change: Change) -> int:
        """Partitions of one kind."""
        return sum(partition.change is change for partition in self.partitions)

    def counts(self) -> Iterator[tuple[Change, int]]:
        """Every kind that occurs, in the order of ``Change``, with its number of partitions."""
        for change in Change:
            if number := self.count(change):
                yield change, number
