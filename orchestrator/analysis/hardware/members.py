"""The hardware of members that are no platforms: what the platforms of each have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from orchestrator.analysis.hardware.platforms import Fingerprints, platform_infos
from orchestrator.analysis.observations.members import platforms_of_members, platforms_of_outputs
from orchestrator.analysis.observations.table import Observations
from orchestrator.results.partitions import Partition, PlatformInfo
from orchestrator.results.record import Observation

_OWN = ("name", "rehearsal", "isolation", "images", "fingerprints", "fingerprint_known", "notes")
"""What is known of a member itself, or is not the same as being equal on all its platforms."""
_COMMON = tuple(field for field in fields(PlatformInfo) if field.name not in (*_OWN, "platforms"))


def member_infos(
    observations: Observations,
    by_platform: Observations,
    records: Iterable[Observation],
    fingerprints: Fingerprints,
) -> tuple[tuple[PlatformInfo, ...], tuple[tuple[str, int], ...]]:
    """As ``platform_infos`` of ``observations``, with the hardware of the platforms of each member.

    ``by_platform`` are the same sessions by platform: the same object where platforms are compared.
    ``records`` name the platforms of each member; one without any never started.
    """
    platforms, common_flags = platform_infos(by_platform, fingerprints)
    if by_platform is observations:
        return platforms, common_flags
    seen, _ = platform_infos(observations, fingerprints)
    known = {info.name: info for info in platforms}
    members = platforms_of_members(records)
    infos = tuple(
        _described(info, [known[name] for name in members.get(info.name, ()) if name in known])
        for info in seen
    )
    return infos, common_flags


def classes_by_platform(
    partitions: Iterable[Partition], records: Iterable[Observation]
) -> tuple[Mapping[str, frozenset[int]], ...]:
    """By partition, the numbers of the classes that each platform has outputs in."""
    platforms = platforms_of_outputs(records)
    found = []
    for partition in partitions:
        numbers: dict[str, frozenset[int]] = {}
        for group in partition.classes:
            for member in group.platforms:
                name = platforms.get((*partition.key[:3], member), member)
                numbers[name] = numbers.get(name, frozenset()) | {group.number}
        found.append(numbers)
    return tuple(found)


def _described(info: PlatformInfo, own: Sequence[PlatformInfo]) -> PlatformInfo:
    if not own:
        return info
    common: dict[str, Any] = {
        field.name: _agreed([getattr(one, field.name) for one in own], field.default)
        for field in _COMMON
    }
    notes = own[0].notes if len(own) == 1 else tuple(f"{p.name}: {n}" for p in own for n in p.notes)
    return replace(
        info,
        **common,
        fingerprint_known=all(one.fingerprint_known for one in own),
        notes=notes,
        platforms=tuple(own),
    )


def _agreed(values: Sequence[Any], unknown: Any) -> Any:
    return values[0] if all(value == values[0] for value in values) else unknown
