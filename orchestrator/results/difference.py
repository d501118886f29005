"""What changed between two analyses, a baseline and a current one, as frozen values.

Standard library only. Classes are compared by id, a prefix of the output's digest, which stands
for the same bits in every run. Class numbers differ from run to run and are not compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from orchestrator.results.comparison import BY_PLATFORM, Noun, noun_of
from orchestrator.results.distance import Distance
from orchestrator.results.parting import Parting, Unparted

if TYPE_CHECKING:
    # It imports NumPy, which no list of formats should wait for.
    from orchestrator.results.record import SoftwareRecord


class Change(StrEnum):
    """How a partition, or a group of its classes, changed on the common platforms.

    Common platforms have a class on both sides. A class of the baseline and a current class are
    connected if they share a platform; the numbers of classes on either side of a connected group
    decide its change.
    """

    SAME = "same"
    """Every common platform gives the same bits as in the baseline."""
    SPLIT = "split"
    """The platforms of one class are now in several (one → many)."""
    MERGED = "merged"
    """The platforms of several classes are now in one (many → one)."""
    MOVED = "moved"
    """The same platforms together, with other bits (one → one), or some platforms changed from one
    class to another, so that the sets of platforms overlap (many → many)."""
    ONLY_BASELINE = "only in the baseline"
    """The current analysis does not have the partition."""
    ONLY_CURRENT = "only in the current one"
    """The baseline does not have the partition, so there is nothing to compare with."""
    NOT_COMPARED = "not compared"
    """Both have the partition, but no platform has a class in both."""


@dataclass(frozen=True)
class ClassSide:
    """One class of the baseline or of the current analysis, reduced to the common platforms."""

    id: str
    platforms: tuple[str, ...]
    """Sorted by name."""


@dataclass(frozen=True)
class ClassChange:
    """One connected group of classes that differs between the two sides."""

    change: Change
    """``SPLIT``, ``MERGED`` or ``MOVED``."""
    before: tuple[ClassSide, ...]
    after: tuple[ClassSide, ...]
    """In order of id. ``before`` and ``after`` cover the same platforms."""
    varying: tuple[str, ...]
    """Those of the platforms that are non-deterministic on either side. Their most frequent output
    decides their class, so they may change class by chance."""

    @property
    def grouping_kept(self) -> bool:
        """Whether the same platforms are together on both sides, so that only the bits changed."""
        return {side.platforms for side in self.before} == {side.platforms for side in self.after}


@dataclass(frozen=True)
class Moved:
    """Common platforms whose output was one and is another now, and how far that is."""

    before: str
    after: str
    """Ids of the classes."""
    platforms: tuple[str, ...]
    """Sorted by name."""
    distance: Distance
    within: bool | None = None
    """Whether every tolerance for the output holds; ``None``: there is none for it."""
    beyond: tuple[str, ...] = ()
    """The tolerances that do not hold or cannot be judged, and why."""
    parting: Parting | Unparted | None = None
    """The first operator whose output moved; ``None``: no side tells layers, or one is a report."""


@dataclass(frozen=True)
class Absent:
    """A platform without a class in the current analysis, and the reason."""

    platform: str
    status: str
    """``absent`` where the current analysis does not mention the platform at all."""
    reason: str
    expected: bool
    """The baseline has no class for it either, so nothing was lost."""


@dataclass(frozen=True)
class PartitionDifference:
    """One (workload, input, variant, output) in the baseline and in the current analysis."""

    workload: str
    input: str
    variant: str
    output: str
    change: Change
    common: int
    """Platforms with a class on both sides; only they are compared."""
    classes: tuple[int, int]
    """Number of classes (before, after), over all platforms of each side."""
    remaining_precision: tuple[int | None, int | None]
    """Bits (before, after), over all platforms of each side."""
    changes: tuple[ClassChange, ...] = ()
    """In order of the first platform's name; empty if and only if no bits changed."""
    missing: tuple[Absent, ...] = ()
    """Platforms without a class now, sorted by name."""
    new: tuple[str, ...] = ()
    """Platforms with a class now and none in the baseline, sorted by name."""
    newly_nondeterministic: tuple[str, ...] = ()
    """Common platforms whose sessions agreed in the baseline and disagree now."""
    no_longer_nondeterministic: tuple[str, ...] = ()
    """Common platforms whose sessions disagreed in the baseline and agree now."""
    moved: tuple[Moved, ...] = ()
    """By what the output was and is, in the order of ``changes``; empty where none changed."""
    software: tuple[tuple[SoftwareRecord, ...], tuple[SoftwareRecord, ...]] = ((), ())
    """What computed it (before, after), each once; empty: not known, or not computed."""
    current: tuple[str, str, str, str] | None = None
    """The key of the current partition, where ignoring an axis makes it another one."""
    newly_unrecorded: tuple[str, ...] = ()
    """Those of ``missing`` that have a class in the baseline and could not record the output."""
    newly_recorded: tuple[str, ...] = ()
    """Those of ``new`` that could not record the output in the baseline."""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """(workload, input, variant, output)."""
        return (self.workload, self.input, self.variant, self.output)

    @property
    def differs(self) -> bool:
        """Whether bits changed, or a deterministic platform has become non-deterministic."""
        return bool(self.changes or self.newly_nondeterministic)

    @property
    def tolerated(self) -> bool:
        """Whether it differs, but only by what is within the tolerances."""
        return self.differs and not self.fails

    @property
    def fails(self) -> bool:
        """Whether something moved and is not within a tolerance, or is newly non-deterministic."""
        return bool(self.newly_nondeterministic) or any(not one.within for one in self.moved)

    @property
    def software_differs(self) -> bool | None:
        """Whether other software computed it; ``None`` where that of a side is not known."""
        before, after = self.software
        return not same_software(before, after) if before and after else None

    @property
    def lacking(self) -> tuple[Absent, ...]:
        """The missing platforms that have a class in the baseline or were not planned in it."""
        return tuple(absent for absent in self.missing if not absent.expected)

    @property
    def incomplete(self) -> bool:
        """Whether a platform is missing that the baseline has or that the current run planned."""
        return bool(self.lacking)


@dataclass(frozen=True)
class Difference:
    """All partitions: the baseline's in its order, then those only in the current analysis."""

    partitions: tuple[PartitionDifference, ...]
    new_platforms: tuple[str, ...]
    """Platforms with a class in the current analysis and none in the baseline; sorted."""
    missing_platforms: tuple[str, ...]
    """Platforms with a class in the baseline and none in the current analysis; sorted."""
    tolerances: tuple[str, ...] = ()
    """As they were given."""
    ignored: tuple[str, ...] = ()
    """The axes that the two sides may differ in."""
    compare: tuple[str, ...] = BY_PLATFORM
    """The axes whose combinations are the members of either side, here called platforms."""

    @property
    def noun(self) -> Noun:
        """What texts call the members."""
        return noun_of(self.compare)

    @property
    def differs(self) -> bool:
        """Whether some partition differs on its common platforms."""
        return any(partition.differs for partition in self.partitions)

    @property
    def fails(self) -> bool:
        """Whether some partition differs by more than the tolerances allow."""
        return any(partition.fails for partition in self.partitions)

    @property
    def software(self) -> tuple[tuple[SoftwareRecord, ...], tuple[SoftwareRecord, ...]]:
        """What computed either side, over all partitions, each once."""
        before = [one for partition in self.partitions for one in partition.software[0]]
        after = [one for partition in self.partitions for one in partition.software[1]]
        return distinct(before), distinct(after)

    @property
    def software_differs(self) -> bool | None:
        """Whether other software computed some partition; ``None`` where no partition tells."""
        known = {partition.software_differs for partition in self.partitions} - {None}
        return True in known if known else None

    @property
    def incomplete(self) -> bool:
        """Whether a platform is missing in some partition, and was not missing in the baseline."""
        return any(partition.incomplete for partition in self.partitions)

    def count(self, change: Change) -> int:
        """Number of partitions with this change."""
        return sum(partition.change is change for partition in self.partitions)

    def counts(self) -> Iterator[tuple[Change, int]]:
        """Every kind that occurs, in the order of ``Change``, with its number of partitions."""
        for change in Change:
            if number := self.count(change):
                yield change, number


def same_software(before: Iterable[SoftwareRecord], after: Iterable[SoftwareRecord]) -> bool:
    """Whether the same software computed both, by id where both sides know it, else by version."""
    one, other = tuple(before), tuple(after)
    if all(each.id is not None for each in (*one, *other)):
        return {each.id for each in one} == {each.id for each in other}
    return {(each.framework, each.version) for each in one} == {
        (each.framework, each.version) for each in other
    }


def distinct(software: Iterable[SoftwareRecord]) -> tuple[SoftwareRecord, ...]:
    """Each once, in order of appearance."""
    found: list[SoftwareRecord] = []
    for one in software:
        if one not in found:
            found.append(one)
    return tuple(found)
