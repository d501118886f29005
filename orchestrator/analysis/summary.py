"""The one entry point: from records to everything that a report shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from orchestrator.analysis.classes.class_table import class_table
from orchestrator.analysis.classes.partition import partitions
from orchestrator.analysis.classes.sessions import determinism, measurements
from orchestrator.analysis.hardware.platforms import Fingerprints, platform_infos
from orchestrator.analysis.layers.profile import layer_grids, layer_profile
from orchestrator.analysis.observations.table import Observations, observations_table
from orchestrator.results.partitions import Planned, Summary
from orchestrator.results.record import Observation


def summarise(
    records: Iterable[Observation],
    planned: Iterable[Planned] = (),
    fingerprints: Fingerprints | None = None,
    *,
    strict: bool = False,
    order: Sequence[str] = (),
) -> Summary:
    """Analyse stored ``records``.

    ``planned`` are the cells that were asked for: those without an observation are listed as
    missing, and the tables follow their order. ``fingerprints`` are those the records refer
    to, by digest. ``order`` names platforms that come first. Raises ``ConflictError`` where one
    session is recorded twice with other bits.
    """
    asked = tuple(planned)
    observations = observations_table(records, asked, order)
    return summarise_table(observations, asked, fingerprints or {}, strict=strict)


def summarise_table(
    observations: Observations,
    planned: Sequence[Planned],
    fingerprints: Fingerprints,
    *,
    strict: bool = False,
) -> Summary:
    """As ``summarise``, from tables that were read already."""
    found = partitions(observations, planned, strict=strict)
    infos, common_flags = platform_infos(observations, fingerprints)
    sessions = observations.sessions
    recorded = sorted(value for value in sessions["recorded"] if isinstance(value, str))
    return Summary(
        experiments=_distinct(sessions["experiment"]),
        runs=_distinct(sessions["run"]),
        first_recorded=recorded[0] if recorded else None,
        last_recorded=recorded[-1] if recorded else None,
        strict=strict,
        observations=len(sessions),
        platforms=infos,
        common_flags=common_flags,
        partitions=found,
        table=class_table(found, [info.name for info in infos]),
        determinism=determinism(observations),
        layers=tuple(layer_profile(observations, grid) for grid in layer_grids(observations)),
        measurements=measurements(observations),
        notes=_notes(observations),
    )


def _distinct(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if isinstance(value, str)))


def _notes(observations: Observations) -> tuple[str, ...]:
    sessions = observations.sessions
    notes = list(observations.notes)
    perturbed = int(sessions["perturbed"].sum())
    if perturbed:
        notes.append(
            f"{perturbed} sessions gave another final output when their layers were recorded: "
            "their layer profile may not show what the plain run computes"
        )
    rehearsed = int(sessions["rehearsal"].sum())
    if rehearsed:
        notes.append(f"{rehearsed} sessions are a rehearsal on simulated machines")
    return tuple(notes)
