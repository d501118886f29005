"""Cumulative numbers of classes over the platforms in order of their hardware (Figure 1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from orchestrator.analysis.hardware.core_counts import HardwarePoint
from orchestrator.catalog.microarchitectures import vendor_name
from orchestrator.results.partitions import ClassCounts, CountCurve, CountedPlatform, Partition


def class_counts(
    partitions: Iterable[Partition],
    platforms: Sequence[str],
    places: Mapping[str, HardwarePoint],
    order: Mapping[str, tuple[Any, ...]],
) -> tuple[ClassCounts, ...]:
    """One result per set of partitions that share platforms, the larger axes first.

    ``order`` is a sort key by platform (``hardware_order.figure_order``), ``platforms`` (all of
    them) the order of equals and, behind the others, of those without a key. Partitions without
    any class are left out.
    """
    known = sorted((name for name in platforms if name in order), key=lambda name: order[name])
    axis = [*known, *(name for name in platforms if name not in order)]
    found = [
        _counted(group, axis, places)
        for group in _sharing([partition for partition in partitions if partition.classes])
    ]
    return tuple(sorted(found, key=lambda counts: -len(counts.platforms)))


def _sharing(partitions: list[Partition]) -> list[list[Partition]]:
    """Partitions with a platform in common, directly or by way of others, are one group."""
    groups: list[tuple[set[str], list[int]]] = []
    for position, partition in enumerate(partitions):
        names, members = _names(partition), [position]
        apart = []
        for group in groups:
            if group[0] & names:
                names |= group[0]
                members = [*group[1], *members]
            else:
                apart.append(group)
        groups = [*apart, (names, members)]
    ordered = sorted(sorted(members) for _, members in groups)
    return [[partitions[position] for position in members] for members in ordered]


def _names(partition: Partition) -> set[str]:
    members = {name for group in partition.classes for name in group.platforms}
    return members | {absent.platform for absent in partition.without_output}


def _counted(
    partitions: list[Partition], everyone: Sequence[str], places: Mapping[str, HardwarePoint]
) -> ClassCounts:
    names = {name for partition in partitions for name in _names(partition)}
    axis = tuple(name for name in everyone if name in names)
    unknown = HardwarePoint(None, None)
    return ClassCounts(
        tuple(
            CountedPlatform(name, vendor_name(place.vendor), place.generation, place.cores)
            for name in axis
            for place in [places.get(name, unknown)]
        ),
        tuple(_curve(partition, axis) for partition in partitions),
    )


def _curve(partition: Partition, axis: tuple[str, ...]) -> CountCurve:
    number = {name: group.number for group in partition.classes for name in group.platforms}
    numbers = tuple(number.get(name) for name in axis)
    met: set[int] = set()
    counts = []
    for each in numbers:
        if each is not None:
            met.add(each)
        counts.append(len(met))
    return CountCurve(*partition.key, tuple(counts), numbers)
