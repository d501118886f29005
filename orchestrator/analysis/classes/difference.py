"""What changed between a baseline and the current analysis, partition by partition, and how far.

Partitions are matched by their labels, or by their settings without those of an axis that is
ignored (``matching``); platforms by name, classes by id; numbers play no part.
A platform that only one side has is listed, and the others are compared without it. What fails
a comparison (``difference_exit``): other bits on a common platform, a platform that became
non-deterministic, and whatever the baseline had and the current analysis has not. What does not:
new platforms and partitions, and platforms that are deterministic now (with few sessions chance
alone hides non-determinism); they are listed all the same. With tolerances other bits fail it
only where they are beyond them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from orchestrator.analysis.classes.consequences import Tensors
from orchestrator.analysis.classes.distance import compared
from orchestrator.analysis.classes.matching import matched
from orchestrator.analysis.classes.tolerance import beyond
from orchestrator.errors import Exit, UsageError
from orchestrator.results.comparison import BY_PLATFORM
from orchestrator.results.difference import (
    Absent,
    Change,
    ClassChange,
    ClassSide,
    Difference,
    Moved,
    PartitionDifference,
)
from orchestrator.results.partitions import (
    NOT_AVAILABLE,
    NOT_RECORDED,
    EqClass,
    Partition,
    Summary,
    incomplete,
)
from orchestrator.results.tolerance import Tolerance, tolerances_for


def difference(
    baseline: Summary | Iterable[Partition],
    current: Summary | Iterable[Partition],
    *,
    tensors: Tensors | None = None,
    tolerances: Sequence[Tolerance] = (),
    ignore: Sequence[str] = (),
    compare: tuple[str, ...] = BY_PLATFORM,
) -> Difference:
    """Compare every partition of ``baseline`` and ``current``.

    ``tensors`` gives those of either side; ``None``: none is stored. ``ignore`` names axes
    (``matching.AXES``), ``compare`` those whose combinations are the members of both. Raises
    ``ValueError`` where one side has two partitions with the same labels, ``UsageError`` where
    ignoring makes two of one side one, or a tolerance is for an output that there is not.
    """
    pairs = matched(_partitions(baseline), _partitions(current), ignore)
    _refuse_unknown(tolerances, [one for pair in pairs for one in pair if one is not None])
    partitions = []
    for before, after in pairs:
        if before is not None and after is not None:
            judged = tolerances_for(after.output, tolerances)
            partitions.append(_compared(before, after, tensors, judged))
        elif before is not None:
            partitions.append(_gone(before))
        elif after is not None:
            partitions.append(_added(after))
    had = _platforms(before for before, _ in pairs if before is not None)
    have = _platforms(after for _, after in pairs if after is not None)
    return Difference(
        tuple(partitions),
        tuple(sorted(have - had)),
        tuple(sorted(had - have)),
        tuple(f"{one.output}:{one.text}" if one.output else one.text for one in tolerances),
        tuple(ignore),
        compare,
    )


def difference_exit(found: Difference) -> Exit:
    """``INCOMPLETE`` (4) where something is missing, else ``DIFFERENT`` (3), else ``DONE``.

    Missing comes first, as everywhere: what was not observed may differ too.
    """
    if found.incomplete:
        return Exit.INCOMPLETE
    return Exit.DIFFERENT if found.fails else Exit.DONE


def _partitions(side: Summary | Iterable[Partition]) -> tuple[Partition, ...]:
    return side.partitions if isinstance(side, Summary) else tuple(side)


def _refuse_unknown(tolerances: Iterable[Tolerance], partitions: Iterable[Partition]) -> None:
    """A misspelled output would leave its tolerance without effect."""
    outputs = sorted({partition.output for partition in partitions})
    for one in tolerances:
        if one.output is not None and not any(one.is_for(name) for name in outputs):
            raise UsageError(
                f"--tolerance {one.output}:{one.text}: no output is called {one.output!r}; "
                f"there are {', '.join(outputs) or 'none'}"
            )


def _platforms(partitions: Iterable[Partition]) -> set[str]:
    return {name for partition in partitions for name in _ids(partition)}


def _ids(partition: Partition) -> dict[str, str]:
    """The class id of each platform that has one."""
    return {name: group.id for group in partition.classes for name in group.platforms}


def _compared(
    before: Partition, after: Partition, tensors: Tensors | None, tolerances: Sequence[Tolerance]
) -> PartitionDifference:
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
        moved=_moved(before, after, common, tensors, tolerances),
        software=(before.software, after.software),
        current=after.key if after.key != before.key else None,
        newly_unrecorded=tuple(sorted(old.keys() & _not_recorded(after))),
        newly_recorded=tuple(sorted(new.keys() & _not_recorded(before))),
    )


def _not_recorded(partition: Partition) -> set[str]:
    return {one.platform for one in partition.missing if one.status == NOT_RECORDED}


def _moved(
    before: Partition,
    after: Partition,
    common: Sequence[str],
    tensors: Tensors | None,
    tolerances: Sequence[Tolerance],
) -> tuple[Moved, ...]:
    old, new = _classes(before), _classes(after)
    together: dict[tuple[str, str], list[str]] = {}
    for name in common:
        if old[name].id != new[name].id:
            together.setdefault((old[name].id, new[name].id), []).append(name)
    found = []
    for (one, other), names in together.items():
        comparison = compared(old[names[0]], new[names[0]], tensors)
        reasons = beyond(tolerances, comparison)
        within = not reasons if tolerances else None
        found.append(Moved(one, other, tuple(names), comparison.distance, within, reasons))
    return tuple(found)


def _classes(partition: Partition) -> dict[str, EqClass]:
    return {name: group for group in partition.classes for name in group.platforms}


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
        software=(before.software, ()),
    )


def _added(after: Partition) -> PartitionDifference:
    return PartitionDifference(
        *after.key,
        change=Change.ONLY_CURRENT,
        common=0,
        classes=(0, len(after.classes)),
        remaining_precision=(None, after.remaining_precision),
        missing=tuple(
            Absent(absent.platform, absent.status, absent.reason, expected=not incomplete(after))
            for absent in sorted(after.missing, key=lambda absent: absent.platform)
        ),
        new=tuple(sorted(_ids(after))),
        software=((), after.software),
    )


def _absent(before: Partition, after: Partition) -> tuple[Absent, ...]:
    """Who has no class now: known to be missing, or not mentioned any more.

    Who is not available is among them only if it had a class.
    """
    have, had = _ids(after), _ids(before)
    lacked = {absent.platform for absent in before.without_output}
    why = {
        absent.platform: (absent.status, absent.reason)
        for absent in after.without_output
        if absent.status != NOT_AVAILABLE or absent.platform in had
    }
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
