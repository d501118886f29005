"""What every report of a store begins with, put together from its parts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from orchestrator.analysis.classes.class_table import class_table
from orchestrator.analysis.classes.sessions import determinism, measurements
from orchestrator.analysis.hardware.members import member_infos
from orchestrator.analysis.hardware.platforms import Fingerprints
from orchestrator.analysis.observations.table import Observations
from orchestrator.model.experiment import Status
from orchestrator.results.comparison import BY_PLATFORM, Noun, noun_of
from orchestrator.results.partitions import LayerProfile, Partition, Summary
from orchestrator.results.record import Observation
from orchestrator.system.counted import counted


def summary_of(
    observations: Observations,
    fingerprints: Fingerprints,
    partitions: tuple[Partition, ...],
    layers: tuple[LayerProfile, ...],
    *,
    strict: bool,
    compare: tuple[str, ...] = BY_PLATFORM,
    by_platform: Observations | None = None,
    records: Iterable[Observation] = (),
) -> Summary:
    """The summary of ``observations``, whose ``partitions`` and ``layers`` these are.

    Where other members than platforms are compared, ``by_platform`` are the same sessions by
    platform, and ``records`` name the platforms of each member.
    """
    infos, common_flags = member_infos(
        observations, by_platform or observations, records, fingerprints
    )
    rows = observations.rows
    with_output = sum(row.status == Status.OK for row in rows)
    recorded = sorted({row.recorded for row in rows if row.recorded is not None})
    return Summary(
        experiments=_distinct(row.experiment for row in rows),
        runs=_distinct(row.run for row in rows),
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
        notes=_notes(observations, layers, noun_of(compare)),
        compare=compare,
        without_output=len(rows) - with_output,
    )


def _distinct(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if isinstance(value, str)))


def _notes(
    observations: Observations, layers: Iterable[LayerProfile], noun: Noun
) -> tuple[str, ...]:
    notes = list(observations.notes)
    perturbed = sum(row.perturbed for row in observations.rows)
    if perturbed:
        notes.append(
            f"{counted(perturbed, 'session')} gave another final output when layers were recorded: "
            "the layer profile may not show what the plain run computes"
        )
    computed = {
        (profile.workload, profile.variant, layer.index, layer.name)
        for profile in layers
        for layer in profile.unrecorded
    }
    if computed:
        number = len(computed)
        notes.append(
            f"{number} {'layer was' if number == 1 else 'layers were'} computed but could not be "
            f"recorded, on some {noun.one} or all: `eqc report STORE --show layers` has the reasons"
        )
    rehearsed = sum(row.rehearsal for row in observations.rows)
    if rehearsed:
        notes.append(
            f"{counted(rehearsed, 'session is', 'sessions are')} a rehearsal on simulated machines"
        )
    return tuple(notes)
