"""What every report of a store begins with, put together from its parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from orchestrator.analysis.classes.class_table import class_table
from orchestrator.analysis.classes.sessions import determinism, measurements
from orchestrator.analysis.hardware.platforms import Fingerprints, platform_infos
from orchestrator.analysis.observations.table import Observations
from orchestrator.results.comparison import BY_PLATFORM
from orchestrator.results.partitions import LayerProfile, Partition, PlatformInfo, Summary
from orchestrator.system.counted import counted


def summary_of(
    observations: Observations,
    fingerprints: Fingerprints,
    partitions: tuple[Partition, ...],
    layers: tuple[LayerProfile, ...],
    *,
    strict: bool,
    compare: tuple[str, ...] = BY_PLATFORM,
    platforms: Mapping[str, int] = MappingProxyType({}),
) -> Summary:
    """The summary of ``observations``, whose ``partitions`` and ``layers`` these are.

    ``platforms``: of how many platforms a member has observations, if it is not one itself.
    """
    infos, common_flags = platform_infos(observations, fingerprints)
    infos = tuple(_member(info, platforms.get(info.name, 1)) for info in infos)
    sessions = observations.sessions
    with_output = int((sessions["status"] == "ok").sum())
    recorded = sorted(value for value in sessions["recorded"] if isinstance(value, str))
    return Summary(
        experiments=_distinct(sessions["experiment"]),
        runs=_distinct(sessions["run"]),
        first_recorded=recorded[0] if recorded else None,
        last_recorded=recorded[-1] if recorded else None,
        strict=strict,
        observations=with_output,
        platforms=infos,
        common_flags=common_flags,
        partitions=partitions,
        table=class_table(partitions, [info.name for info in infos]),
        determinism=determinism(observations),
        layers=layers,
        measurements=measurements(observations),
        notes=_notes(observations),
        compare=compare,
        without_output=len(sessions) - with_output,
    )


def _member(info: PlatformInfo, platforms: int) -> PlatformInfo:
    """Its hardware, where it is of one platform alone: a machine and its mask are two."""
    if platforms < 2:
        return info
    return PlatformInfo(
        info.name,
        brand=counted(platforms, "platform"),
        rehearsal=info.rehearsal,
        isolation=info.isolation,
        images=info.images,
        fingerprints=info.fingerprints,
        fingerprint_known=info.fingerprint_known,
    )


def _distinct(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if isinstance(value, str)))


def _notes(observations: Observations) -> tuple[str, ...]:
    sessions = observations.sessions
    notes = list(observations.notes)
    perturbed = int(sessions["perturbed"].sum())
    if perturbed:
        notes.append(
            f"{counted(perturbed, 'session')} gave another final output when layers were recorded: "
            "the layer profile may not show what the plain run computes"
        )
    rehearsed = int(sessions["rehearsal"].sum())
    if rehearsed:
        notes.append(
            f"{counted(rehearsed, 'session is', 'sessions are')} a rehearsal on simulated machines"
        )
    return tuple(notes)
