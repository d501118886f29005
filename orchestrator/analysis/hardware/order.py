"""The order of rows where nobody planned one: the study's (Tables SUP-1 and SUP-2).

Processors before GPUs. Processors by vendor, cores and age of their generation; GPUs by vendor
and generation. What is not known comes last, and the name decides between equals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from orchestrator.analysis.hardware.platforms import (
    Fingerprints,
    capability,
    described_gpus,
    generation,
)
from orchestrator.analysis.observations.labels import label_of
from orchestrator.catalog.microarchitectures import generation_age
from orchestrator.results.partitions import Planned

SortKey = tuple[Any, ...]
_LAST = float("inf")


def table_order(
    records: Iterable[Mapping[str, Any]],
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


def in_table_order(
    records: Iterable[Mapping[str, Any]], order: Sequence[str]
) -> list[Mapping[str, Any]]:
    """``records`` by platform, so that classes numbered by first appearance have the numbers of
    the class table; those of one platform keep their order."""
    places = {name: place for place, name in enumerate(order)}
    return sorted(records, key=lambda record: places.get(label_of(record["platform"]), len(places)))


def figure_order(
    records: Iterable[Mapping[str, Any]], fingerprints: Fingerprints
) -> dict[str, SortKey]:
    """A sort key by platform: vendor, age of the generation, cores, as on Figure 1's axis."""
    return {
        name: _by_generation(record, fingerprints)
        for name, record in _first_records(records, frozenset()).items()
    }


def _first_records(
    records: Iterable[Mapping[str, Any]], without: frozenset[str]
) -> dict[str, Mapping[str, Any]]:
    """The first record of each platform that has a fingerprint, else its first one."""
    found: dict[str, Mapping[str, Any]] = {}
    for record in records:
        name = label_of(record["platform"])
        if name in without:
            continue
        known = found.setdefault(name, record)
        if known.get("fingerprint") is None and record.get("fingerprint") is not None:
            found[name] = record
    return found


def _by_cores(record: Mapping[str, Any], fingerprints: Fingerprints) -> SortKey:
    vendor, name, cores, gpu = _facts(record, fingerprints)
    return (gpu, vendor or "~", *_number(cores), *_age(vendor, name))


def _by_generation(record: Mapping[str, Any], fingerprints: Fingerprints) -> SortKey:
    vendor, name, cores, gpu = _facts(record, fingerprints)
    return (gpu, vendor or "~", *_age(vendor, name), *_number(cores))


def _facts(
    record: Mapping[str, Any], fingerprints: Fingerprints
) -> tuple[str | None, str | None, int | None, SortKey]:
    """Vendor, generation, cores, and what sorts GPUs: empty where the processor computed."""
    fingerprint = fingerprints.get(str(record.get("fingerprint")))
    if not fingerprint:
        return None, None, None, ()
    cpu = fingerprint.get("cpu") or {}
    gpu: SortKey = ()
    gpus = described_gpus(fingerprint)
    if gpus and record["variant"].get("device") == "gpu":
        gpu = (capability(gpus[0]), str(gpus[0].get("name")))
    return cpu.get("vendor"), generation(fingerprint), fingerprint.get("logical_cpus"), gpu


def _number(value: int | None) -> tuple[float]:
    return (_LAST if value is None else value,)


def _age(vendor: str | None, name: str | None) -> tuple[float, str]:
    place = None if name is None else generation_age(vendor, name)
    return (_LAST if place is None else place, name or "~")
