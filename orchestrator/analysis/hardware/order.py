"""The order of rows where nobody planned one: the study's (Tables SUP-1 and SUP-2).

Processors before GPUs. Processors by vendor, cores and age of their generation; GPUs by vendor
and generation. What is not known comes last, and the name decides between equals.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from orchestrator.analysis.hardware.platforms import Fingerprints, capability, generation
from orchestrator.catalog.microarchitectures import generation_age
from orchestrator.results.fingerprint import UNKNOWN
from orchestrator.results.partitions import Planned
from orchestrator.results.record import Observation

SortKey = tuple[Any, ...]
_LAST = float("inf")


def table_order(
    records: Iterable[Observation],
    planned: Sequence[Planned],
    fingerprints: Fingerprints,
) -> tuple[str, ...]:
    """Names of all platforms: the planned in the plan's order, then the others by hardware."""
    names = tuple(dict.fromkeys(cell.platform for cell in planned))
    others = _first_records(records, frozenset(names))
    return (
        *names,
        *sorted(others, key=lambda name: (*_by_cores(others[name], fingerprints), name)),
    )


def in_table_order(records: Iterable[Observation], order: Sequence[str]) -> list[Observation]:
    """``records`` by platform, so that classes numbered by first appearance have the numbers of
    the class table; those of one platform keep their order."""
    places = {name: place for place, name in enumerate(order)}
    return sorted(records, key=lambda record: places.get(record.platform.label, len(places)))


def figure_order(records: Iterable[Observation], fingerprints: Fingerprints) -> dict[str, SortKey]:
    """A sort key by platform: vendor, age of the generation, cores, as on Figure 1's axis."""
    return {
        name: _by_generation(record, fingerprints)
        for name, record in _first_records(records, frozenset()).items()
    }


def _first_records(
    records: Iterable[Observation], without: frozenset[str]
) -> dict[str, Observation]:
    """The first record of each platform that has a fingerprint, else its first one."""
    found: dict[str, Observation] = {}
    for record in records:
        name = record.platform.label
        if name in without:
            continue
        known = found.setdefault(name, record)
        if known.fingerprint is None and record.fingerprint is not None:
            found[name] = record
    return found


def _by_cores(record: Observation, fingerprints: Fingerprints) -> SortKey:
    vendor, name, cores, gpu = _facts(record, fingerprints)
    return (gpu, vendor or "~", *_number(cores), *_age(vendor, name))


def _by_generation(record: Observation, fingerprints: Fingerprints) -> SortKey:
    vendor, name, cores, gpu = _facts(record, fingerprints)
    return (gpu, vendor or "~", *_age(vendor, name), *_number(cores))


def _facts(
    record: Observation, fingerprints: Fingerprints
) -> tuple[str | None, str | None, int | None, SortKey]:
    """Vendor, generation, cores, and what sorts GPUs: empty where the processor computed."""
    fingerprint = fingerprints.get(str(record.fingerprint), UNKNOWN)
    gpu: SortKey = ()
    if fingerprint.gpus and record.variant.device == "gpu":
        first = fingerprint.gpus[0]
        gpu = (capability(first), str(first.name))
    return fingerprint.cpu.vendor, generation(fingerprint), fingerprint.logical_cpus, gpu


def _number(value: int | None) -> tuple[float]:
    return (_LAST if value is None else value,)


def _age(vendor: str | None, name: str | None) -> tuple[float, str]:
    place = None if name is None else generation_age(vendor, name)
    return (_LAST if place is None else place, name or "~")
