"""Partitions that ask the same question: the same platforms, alike, in the same classes."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass

from orchestrator.analysis.hardware.platforms import Fingerprints
from orchestrator.analysis.hardware.record_attributes import (
    listed_sorts,
    record_attributes,
    value_of,
)
from orchestrator.results.explanation import AttributeValue
from orchestrator.results.fingerprint import UNKNOWN
from orchestrator.results.partitions import Partition
from orchestrator.results.record import Observation

Units = Mapping[str, Observation]
"""By platform, the record that describes it."""


@dataclass(frozen=True)
class Question:
    """Partitions that one explanation is of."""

    partitions: tuple[Partition, ...]

    @property
    def first(self) -> Partition:
        """The one whose records describe the platforms."""
        return self.partitions[0]


def questions(
    partitions: Iterable[Partition],
    units_of: Callable[[Partition], Units],
    fingerprints: Fingerprints,
) -> tuple[Question, ...]:
    """Every partition in one question, in order of appearance.

    Partitions of one workload and variant whose classes hold the same platforms are one question;
    those of several computations only if the platforms also have the same attributes in them,
    apart from what is equal on all platforms and so cannot explain anything.
    """
    groupings: dict[Hashable, list[Partition]] = {}
    position: dict[tuple[str, str, str, str], int] = {}
    for partition in partitions:
        position[partition.key] = len(position)
        members = tuple(group.platforms for group in partition.classes)
        groupings.setdefault((members, partition.nondeterministic), []).append(partition)
    found = [
        Question(tuple(same))
        for together in groupings.values()
        for same in _alike(together, units_of, fingerprints)
    ]
    return tuple(sorted(found, key=lambda question: position[question.first.key]))


def _alike(
    together: list[Partition],
    units_of: Callable[[Partition], Units],
    fingerprints: Fingerprints,
) -> Iterable[list[Partition]]:
    """Partitions with the same classes, apart where the platforms' attributes are not the same."""
    computations = {(one.workload, one.variant): one for one in reversed(together)}
    if len(computations) == 1 or len(together[0].classes) < 2:
        return [together]
    differences = {
        computation: _differences(units_of(one), fingerprints)
        for computation, one in computations.items()
    }
    found: dict[Hashable, list[Partition]] = {}
    for one in together:
        found.setdefault(differences[one.workload, one.variant], []).append(one)
    return found.values()


def _differences(units: Units, fingerprints: Fingerprints) -> Hashable:
    """All that the records say of their platforms, without what they say of every platform."""
    rows = [
        (record_attributes(record, fingerprint), listed_sorts(record, fingerprint))
        for record in units.values()
        for fingerprint in (fingerprints.get(record.fingerprint or "", UNKNOWN),)
    ]
    columns: dict[str, tuple[AttributeValue, ...]] = {
        name: tuple(value_of(name, named, listed) for named, listed in rows)
        for name in sorted({name for named, _ in rows for name in named})
    }
    return (
        tuple(record.fingerprint for record in units.values()),
        tuple((name, values) for name, values in columns.items() if len(set(values)) > 1),
    )
