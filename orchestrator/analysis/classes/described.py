"""What a report says of each partition beside its classes: settings, software, types, chains."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from orchestrator.analysis.observations.columns import Observations
from orchestrator.model.experiment import Status
from orchestrator.results.partitions import EqClass, Partition
from orchestrator.results.record import Observation, SessionKey, SoftwareRecord, VariantRecord

Asked = tuple[str, str, str]
"""(workload, input, variant) by the labels of the tables."""


def described(
    partitions: Iterable[Partition], observations: Observations, records: Sequence[Observation]
) -> tuple[Partition, ...]:
    """``partitions`` with their settings and software, and each class with type and chain.

    ``observations`` are the tables of ``records``.
    """
    settings, software = _computed(observations, records)
    codes = {digest: code for code, digest in enumerate(observations.chains.digests)}
    return tuple(
        replace(
            partition,
            settings=settings.get(partition.key[:3]),
            software=tuple(software.get(partition.key[:3], ())),
            classes=tuple(_class(group, observations, codes) for group in partition.classes),
        )
        for partition in partitions
    )


def software_of(record: Observation) -> SoftwareRecord:
    """What computed ``record``; of an older one what the framework said of itself."""
    software, framework = record.software, record.framework
    return replace(
        software,
        framework=software.framework or framework.name or record.variant.framework,
        version=software.version or framework.version,
    )


def _computed(
    observations: Observations, records: Sequence[Observation]
) -> tuple[dict[Asked, VariantRecord], dict[Asked, list[SoftwareRecord]]]:
    chosen: dict[SessionKey, Observation] = {}
    for record in records:
        known = chosen.setdefault(record.key, record)
        if known.status != Status.OK:
            chosen[record.key] = record
    columns = [observations.keys[name] for name in ("workload", "input", "variant")]
    labels = zip(*([one.names[code] for code in one.codes] for one in columns), strict=True)
    settings: dict[Asked, VariantRecord] = {}
    software: dict[Asked, list[SoftwareRecord]] = {}
    seen, taken = set(), set()
    for asked, record in zip(labels, chosen.values(), strict=True):
        shared = settings.setdefault(asked, record.variant)
        if shared is not record.variant and (asked, id(record.variant)) not in taken:
            taken.add((asked, id(record.variant)))
            settings[asked] = _shared(shared, record.variant)
        if record.status != Status.OK:
            continue
        # Equal parts of the records of a run are one object.
        place = asked, id(record.software), id(record.framework)
        if place not in seen:
            seen.add(place)
            found = software_of(record)
            if found not in (every := software.setdefault(asked, [])):
                every.append(found)
    return settings, software


def _shared(one: VariantRecord, other: VariantRecord) -> VariantRecord:
    """What both have: the settings that members are compared by are not fixed."""
    flags = None
    if one.flags is not None and other.flags is not None:
        flags = dict(one.flags.items() & other.flags.items())
    same_software = (one.framework, one.pin, one.requires) == (
        other.framework,
        other.pin,
        other.requires,
    )
    return replace(
        one,
        framework=one.framework if one.framework == other.framework else None,
        precision=one.precision if one.precision == other.precision else None,
        threads=one.threads if one.threads == other.threads else None,
        batch=one.batch if one.batch == other.batch else None,
        device=one.device if one.device == other.device else None,
        row=one.row if one.row == other.row else None,
        environment=dict(one.environment.items() & other.environment.items()),
        flags=flags,
        pin=one.pin if same_software else None,
        requires=one.requires if same_software else (),
    )


def _class(group: EqClass, observations: Observations, codes: dict[str, int]) -> EqClass:
    if len(group.digests) != 1:
        return group
    chains, code = observations.chains, codes[group.digests[0]]
    bits = int(chains.bits[code])
    links = chains.values[code, : bits + 1].astype(">u8").tobytes() if bits >= 0 else None
    return replace(group, type=chains.types[code], links=links)
