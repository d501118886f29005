"""Where outputs part that were others in a baseline: the first operator, where both tell layers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from orchestrator.analysis.layers.parting import parting
from orchestrator.model.experiment import Status
from orchestrator.results.difference import Difference, Moved, PartitionDifference
from orchestrator.results.parting import Parting, Unparted
from orchestrator.results.record import Observation

Key = tuple[str, str, str, str]
"""Workload, input, variant, output."""


def with_partings(
    found: Difference, before: Sequence[Observation], after: Sequence[Observation]
) -> Difference:
    """``found`` with the first operator of what moved; ``before`` and ``after``: the records.

    Nothing is added where a side has no records, as a report, or neither has layers.
    """
    if not before or not after or not found.differs:
        return found
    return replace(
        found,
        partitions=tuple(_with(partition, before, after) for partition in found.partitions),
    )


def _with(
    partition: PartitionDifference, before: Sequence[Observation], after: Sequence[Observation]
) -> PartitionDifference:
    now = partition.current or partition.key
    moved = tuple(
        replace(one, parting=_parting(one, (before, partition.key), (after, now)))
        for one in partition.moved
    )
    return replace(partition, moved=moved)


def _parting(
    moved: Moved,
    before: tuple[Sequence[Observation], Key],
    after: tuple[Sequence[Observation], Key],
) -> Parting | Unparted | None:
    left = _record(*before, moved.before, moved.platforms)
    right = _record(*after, moved.after, moved.platforms)
    if left is None or right is None:
        return None
    if not any(one.role == "layer" for record in (left, right) for one in record.outputs):
        return None
    return parting(left, right)


def _record(
    records: Iterable[Observation], key: Key, wanted: str, platforms: Sequence[str]
) -> Observation | None:
    """A session of one of ``platforms`` that gave the output of the class ``wanted``."""
    *labels, name = key
    for record in records:
        if (
            record.status == Status.OK
            and record.platform.label in platforms
            and [record.workload.label, record.input.label, record.variant.label] == labels
            and any(one.name == name and one.digest.startswith(wanted) for one in record.outputs)
        ):
            return record
    return None
