"""How classes fall together as cores are added (Figure 2 of the study).

A generation is whatever the caller groups platforms by, a microarchitecture for the figure. Core
counts are the machines' logical CPUs, or the number of threads where an experiment varies it:
then one platform has many. Classes are named by id, since numbers differ between partitions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from orchestrator.analysis.hardware.platforms import Fingerprints
from orchestrator.results.fingerprint import UNKNOWN
from orchestrator.results.layers import CoreCounts, CoreLevel, Flow, Joined
from orchestrator.results.partitions import Partition, PlatformInfo
from orchestrator.results.record import Observation


@dataclass(frozen=True)
class HardwarePoint:
    """Where a platform stands in the figure."""

    cores: int | None
    generation: str | None
    vendor: str | None = None


@dataclass(frozen=True)
class _Sighting:
    platform: str
    generation: str
    cores: int
    identity: str


def core_counts(
    partition: Partition, points: Mapping[str, HardwarePoint], *, vendor: str | None = None
) -> CoreCounts:
    """Classes of one partition by the core counts of its platforms; of ``vendor`` only if given.

    Platforms whose place is not known are listed as ``unplaced`` and take no part.
    """
    sightings, unplaced = [], []
    for group in partition.classes:
        for name in group.platforms:
            place = points.get(name, HardwarePoint(None, None))
            if vendor is not None and place.vendor not in (vendor, None):
                continue
            if place.cores is None or place.generation is None:
                unplaced.append(name)
            else:
                sightings.append(_Sighting(name, place.generation, place.cores, group.id))
    return _collapse(partition.key, sightings, unplaced)


def thread_counts(
    partitions: Iterable[Partition],
    threads: Mapping[str, tuple[str, int]],
    points: Mapping[str, HardwarePoint] | None = None,
) -> tuple[CoreCounts, ...]:
    """As ``core_counts``, over partitions whose variants differ in the number of threads alone.

    ``threads`` gives (label without threads, threads) by variant label (``threads_of_records``);
    others are left out. Platforms are grouped by the generation in ``points``, else each stands
    for itself.
    """
    groups: dict[tuple[str, str, str, str], list[_Sighting]] = {}
    for partition in partitions:
        if partition.variant not in threads:
            continue
        variant, number = threads[partition.variant]
        key = (partition.workload, partition.input, variant, partition.output)
        sightings = groups.setdefault(key, [])
        for group in partition.classes:
            for name in group.platforms:
                place = (points or {}).get(name)
                generation = (place and place.generation) or name
                sightings.append(_Sighting(name, generation, number, group.id))
    return tuple(
        _collapse(key, sightings, ())
        for key, sightings in groups.items()
        if len({sighting.cores for sighting in sightings}) > 1
    )


def threads_of_records(records: Iterable[Observation]) -> dict[str, tuple[str, int]]:
    """(label without ``threads=N``, N) of every variant in ``records`` that fixes the threads."""
    found = {}
    for record in records:
        number, label = record.variant.threads, record.variant.label
        if number is not None:
            words = [word for word in label.split(" ") if word != f"threads={number}"]
            found[label] = (" ".join(words), number)
    return found


def hardware_points(
    platforms: Iterable[PlatformInfo],
    fingerprints: Fingerprints,
    generations: Mapping[str, str] | None = None,
) -> dict[str, HardwarePoint]:
    """Cores, generation and vendor of each platform, from its first fingerprint.

    ``generations`` overrides by platform name. Without a microarchitecture the generation is
    CPUID's ``vendor family/model``, which may hold several, and is not known without these.
    """
    points = {}
    for info in platforms:
        known = fingerprints.get(info.fingerprints[0], UNKNOWN) if info.fingerprints else UNKNOWN
        cpu = known.cpu
        generation = (generations or {}).get(info.name) or info.microarchitecture
        if generation is None and info.vendor and None not in (cpu.family, cpu.model):
            generation = f"{info.vendor} {cpu.family}/{cpu.model}"
        points[info.name] = HardwarePoint(info.logical_cpus, generation, info.vendor)
    return points


def _collapse(
    key: tuple[str, str, str, str], sightings: Sequence[_Sighting], unplaced: Iterable[str]
) -> CoreCounts:
    levels: dict[int, list[_Sighting]] = {}
    for sighting in sightings:
        levels.setdefault(sighting.cores, []).append(sighting)
    ordered = sorted(levels)
    return CoreCounts(
        *key,
        levels=tuple(_level(cores, levels[cores]) for cores in ordered),
        flows=_flows(sightings),
        joined=_joined({cores: _by_generation(levels[cores]) for cores in ordered}),
        unplaced=tuple(sorted(unplaced)),
    )


def _level(cores: int, sightings: Sequence[_Sighting]) -> CoreLevel:
    generations = _by_generation(sightings)
    return CoreLevel(
        cores,
        platforms=len({sighting.platform for sighting in sightings}),
        generations=tuple((name, tuple(sorted(ids))) for name, ids in sorted(generations.items())),
        classes=tuple(sorted({sighting.identity for sighting in sightings})),
    )


def _by_generation(sightings: Iterable[_Sighting]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for sighting in sightings:
        found.setdefault(sighting.generation, set()).add(sighting.identity)
    return found


def _flows(sightings: Sequence[_Sighting]) -> tuple[Flow, ...]:
    """Every class of a generation to every class of it at its next core count."""
    found: dict[str, dict[int, dict[str, list[str]]]] = {}
    for item in sightings:
        at = found.setdefault(item.generation, {}).setdefault(item.cores, {})
        at.setdefault(item.identity, []).append(item.platform)
    return tuple(
        Flow(
            generation,
            (low, high),
            (a, b),
            (tuple(sorted(counts[low][a])), tuple(sorted(counts[high][b]))),
        )
        for generation, counts in sorted(found.items())
        for low, high in pairwise(sorted(counts))
        for a in sorted(counts[low])
        for b in sorted(counts[high])
    )


def _joined(levels: Mapping[int, Mapping[str, set[str]]]) -> tuple[Joined, ...]:
    """Generations with no common class at one count that share one at a later count.

    Of each pair of generations the step between their last count apart and the first after it at
    which they are together; pairs that join in the same class at the same step are one entry.
    """
    names = sorted({name for level in levels.values() for name in level})
    groups: dict[tuple[tuple[int, int], str], tuple[set[str], set[str]]] = {}
    for position, g in enumerate(names):
        for h in names[position + 1 :]:
            shared = [
                (cores, level[g], level[h])
                for cores, level in levels.items()
                if g in level and h in level
            ]
            for (low, a, b), (high, c, d) in pairwise(shared):
                if a & b:
                    continue
                for after in c & d:
                    before, generations = groups.setdefault(((low, high), after), (set(), set()))
                    before |= a | b
                    generations |= {g, h}
    return tuple(
        Joined(cores, tuple(sorted(before)), after, tuple(sorted(generations)))
        for (cores, after), (before, generations) in sorted(groups.items())
    )
