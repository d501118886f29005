"""Variants of one computation as one partition, so that a setting can explain a class."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from orchestrator.results.partitions import Partition

_WITH = " with "
_ALL_VARIANTS = "all variants"


def across(chosen: Iterable[Partition]) -> list[Partition]:
    """Partitions of the same workload, input and output as one, over platforms per variant.

    Classes keep their ids and are numbered from 1 by first appearance.
    """
    merged: dict[tuple[str, str, str], Partition] = {}
    for partition in chosen:
        key = (partition.workload, partition.input, partition.output)
        named = replace(
            partition,
            variant=_ALL_VARIANTS,
            classes=tuple(
                replace(
                    group,
                    platforms=tuple(
                        f"{name}{_WITH}{partition.variant}" for name in group.platforms
                    ),
                )
                for group in partition.classes
            ),
            nondeterministic=tuple(
                f"{name}{_WITH}{partition.variant}" for name in partition.nondeterministic
            ),
        )
        merged[key] = _merged(merged[key], named) if key in merged else named
    return list(merged.values())


def platform_and_variant(name: str, partition: Partition) -> tuple[str, str]:
    """The labels that ``name`` stands for in a partition of ``across``, or in any other."""
    if partition.variant != _ALL_VARIANTS:
        return name, partition.variant
    platform, _, variant = name.rpartition(_WITH)
    return platform, variant


def _merged(left: Partition, right: Partition) -> Partition:
    groups = {group.id: group for group in left.classes}
    for group in right.classes:
        old = groups.get(group.id)
        groups[group.id] = (
            replace(group, number=len(groups) + 1)
            if old is None
            else replace(old, platforms=tuple(sorted((*old.platforms, *group.platforms))))
        )
    return replace(
        left,
        classes=tuple(groups.values()),
        nondeterministic=tuple(sorted((*left.nondeterministic, *right.nondeterministic))),
    )
