"""What changed between a baseline and the current analysis, partition by partition.

Partitions are matched by their labels, platforms by name, classes by id; numbers play no part.
A platform that only one side has is listed, and the others are compared without it. What fails
a comparison (``difference_exit``): other bits on a common platform, a platform that became
non-deterministic, and whatever the baseline had and the current analysis has not. What does not:
new platforms and partitions, and platforms that are deterministic now (with few sessions chance
alone hides non-determinism); they are listed all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from orchestrator.errors import Exit
from orchestrator.results.difference import (
    Absent,
    Change,
    ClassChange,
    ClassSide,
    Difference,
    PartitionDifference,
)
from orchestrator.results.partitions import Partition, Summary


def difference(
    baseline: Summary | Iterable[Partition], current: Summary | Iterable[Partition]
) -> Difference:
    """Compare every partition of ``baseline`` and ``current``.

    Raises ``ValueError`` where one side has two partitions with the same labels.
    """
    before, after = _by_key(baseline), _by_key(current)
    partitions = [
        _compared(partition, after[key]) if key in after else _gone(partition)
        for key, partition in before.items()
    ]
    partitions += [_added(partition) for key, partition in after.items() if key not in before]
    had, have = _platforms(before.values()), _platforms(after.values())
    return Difference(tuple(partitions), tuple(sorted(have - had)), tuple(sorted(had - have)))


def difference_exit(found: Difference) -> Exit:
    """``INCOMPLETE`` (4) where something is missing, else ``DIFFERENT`` (3), else ``DONE``.

    Missing comes first, as everywhere: what was not observed may differ too.
    """
    if found.incomplete:
        return Exit.INCOMPLETE
    return Exit.DIFFERENT if found.differs else Exit.DONE


PartitionKey = tuple[str, str, str, str]


def _by_key(side: Summary | Iterable[Partition]) -> dict[PartitionKey, Partition]:
    found: dict[PartitionKey, Partition] = {}
    for partition in side.partitions if isinstance(side, Summary) else side:
        if partition.key in found:
            raise ValueError(f"two partitions are called {' · '.join(partition.key)}")
        found[partition.key] = partition
    return found


def _platforms(partitions: Iterable[Partition]) -> set[str]:
    return {name for partition in partitions for name in _ids(partition)}


def _ids(partition: Partition) -> dict[str, str]:
    """The class id of each platform that has one."""
    return {name: group.id for group in partition.classes for name in group.platforms}


def _compared(before: Partition, after: Partition) -> PartitionDifference:
    old, new = _ids(before), _ids(after)
    common = sorted(old.keys() & new.keys())
    varied, vary = set(before.nondeterministic), set(after.nondeterministic)
    changes = _changes(common, old, new, varied | vary)
    return PartitionDifference(
        *before.key,
        change=_change(changes) if common else Change.NOT_COMPARED,
        common=len(common),
        classes=(len(before.classes), len(after.classes)),
        remaining_precision=(before.remaining_precision, after.remaining_precision),
        changes=changes,
        missing=_absent(before, after),
        new=tuple(sorted(new.keys() - old.keys())),
        newly_nondeterministic=tuple(name for name in common if name in vary - varied),
        no_longer_nondeterministic=tuple(name for name in common if name in varied - vary),
    )


def _gone(before: Partition) -> PartitionDifference:
    missing = tuple(
        Absent(name, "absent", "the whole partition is missing", expected=False)
        for name in sorted(_ids(before))
    )
    return PartitionDifference(
        *before.key,
        change=Change.ONLY_BASELINE,
        common=0,
        classes=(len(before.classes), 0),
        remaining_precision=(before.remaining_precision, None),
        missing=missing,
    )


def _added(after: Partition) -> PartitionDifference:
    return PartitionDifference(
        *after.key,
        change=Change.ONLY_CURRENT,
        common=0,
        classes=(0, len(after.classes)),
        remaining_precision=(None, after.remaining_precision),
        missing=tuple(
            Absent(absent.platform, absent.status, absent.reason, expected=False)
            for absent in sorted(after.missing, key=lambda absent: absent.platform)
        ),
        new=tuple(sorted(_ids(after))),
    )


def _absent(before: Partition, after: Partition) -> tuple[Absent, ...]:
    """Who has no class now: known to be missing, or not mentioned any more."""
    have, had = _ids(after), _ids(before)
    lacked = {absent.platform for absent in before.missing}
    why = {absent.platform: (absent.status, absent.reason) for absent in after.missing}
    unmentioned = ("absent", "not in the current results")
    return tuple(
        Absent(name, *why.get(name, unmentioned), expected=name in lacked and name not in had)
        for name in sorted((why.keys() | had.keys()) - have.keys())
    )


def _changes(
    common: Sequence[str], old: dict[str, str], new: dict[str, str], varying: set[str]
) -> tuple[ClassChange, ...]:
    found = []
    for members in _groups(common, old, new):
        before, after = _sides(members, old), _sides(members, new)
        if len(before) == len(after) == 1:
            if before == after:
                continue
            change = Change.MOVED
        elif len(before) == 1:
            change = Change.SPLIT
        else:
            change = Change.MERGED if len(after) == 1 else Change.MOVED
        found.append(
            ClassChange(change, before, after, tuple(name for name in members if name in varying))
        )
    return tuple(found)


def _groups(common: Sequence[str], old: dict[str, str], new: dict[str, str]) -> list[list[str]]:
    """Platforms connected by classes of either side, each group in the order of ``common``."""
    parent: dict[tuple[int, str], tuple[int, str]] = {}
    for ids in {(old[name], new[name]): None for name in common}:
        parent[_root(parent, (0, ids[0]))] = _root(parent, (1, ids[1]))
    groups: dict[tuple[int, str], list[str]] = {}
    for name in common:
        groups.setdefault(_root(parent, (0, old[name])), []).append(name)
    return list(groups.values())


def _root(parent: dict[tuple[int, str], tuple[int, str]], node: tuple[int, str]) -> tuple[int, str]:
    """Union-find with path halving; an unknown node is its own root."""
    parent.setdefault(node, node)
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


def _sides(members: Sequence[str], ids: dict[str, str]) -> tuple[ClassSide, ...]:
    together: dict[str, list[str]] = {}
    for name in members:
        together.setdefault(ids[name], []).append(name)
    return tuple(ClassSide(key, tuple(sorted(names))) for key, names in sorted(together.items()))


def _change(changes: Sequence[ClassChange]) -> Change:
    """Of a whole partition: split or merged if that is the only thing that happened to who is
    together, moved if both happened, or neither."""
    kinds = {change.change for change in changes}
    crossed = any(change.change is Change.MOVED and not change.grouping_kept for change in changes)
    if not kinds:
        return Change.SAME
    if crossed or {Change.SPLIT, Change.MERGED} <= kinds:
        return Change.MOVED
    if Change.SPLIT in kinds:
        return Change.SPLIT
    return Change.MERGED if Change.MERGED in kinds else Change.MOVED
