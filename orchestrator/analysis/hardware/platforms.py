"""What the fingerprints say of each platform's hardware."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator.analysis.observations.session_row import text
from orchestrator.analysis.observations.table import Observations
from orchestrator.catalog.microarchitectures import gpu_generation, microarchitecture
from orchestrator.results.fingerprint import UNKNOWN, Fingerprint, Gpu, Silicon
from orchestrator.results.partitions import PlatformInfo
from orchestrator.system.counted import counted

Fingerprints = Mapping[str, Fingerprint]
"""Fingerprints by digest."""


def platform_infos(
    observations: Observations, fingerprints: Fingerprints
) -> tuple[tuple[PlatformInfo, ...], tuple[tuple[str, int], ...]]:
    """The platforms in table order, and (architecture, number of flags all of them have).

    A platform that never started is listed too, with nothing known.
    """
    seen = _seen(observations)
    names = observations.keys["platform"].names
    sightings = {name: seen.get(name, _Seen()) for name in names}
    first = {
        name: fingerprints.get(own.fingerprint[0]) if own.fingerprint else None
        for name, own in sightings.items()
    }
    common = _common_flags([each for each in first.values() if each is not None])
    infos = tuple(_info(name, sightings[name], first[name], fingerprints, common) for name in names)
    counts = tuple(sorted((architecture, len(flags)) for architecture, flags in common.items()))
    return infos, counts


def generation(fingerprint: Fingerprint) -> str | None:
    """The microarchitecture, looked up by signature where the fingerprint does not name it."""
    cpu = fingerprint.cpu
    if cpu.microarchitecture:
        return cpu.microarchitecture
    return microarchitecture(cpu.vendor, cpu.family, cpu.model, cpu.stepping)


def gpu_generations(
    platforms: Iterable[PlatformInfo], fingerprints: Fingerprints
) -> dict[str, str | None]:
    """The generation of the first GPU of each platform whose first fingerprint describes one."""
    first = {
        info.name: fingerprints.get(info.fingerprints[0], UNKNOWN).gpus
        for info in platforms
        if info.fingerprints and info.gpus
    }
    return {name: gpu_generation(capability(gpus[0])) for name, gpus in first.items() if gpus}


def capability(gpu: Gpu) -> tuple[float, ...]:
    """The compute capability of a GPU as numbers, ``(7, 5)``; infinite where not known."""
    try:
        return tuple(float(part) for part in (gpu.compute_capability or "").split("."))
    except ValueError:
        return (math.inf,)


def presented_as(name: str | None) -> str:
    """What a CPU is called after "presented as": ``Haswell``; ``itself,-fma`` of this one."""
    first, comma, rest = (name or "another CPU").partition(",")
    return f"{'itself' if first == 'this' else first}{comma}{rest}"


def silicon(host: Silicon) -> str | None:
    """The processor below a presented one: its brand, else vendor and signature."""
    numbers = (host.family, host.model, host.stepping)
    known = [str(each) for each in (host.vendor, *numbers) if each is not None]
    return host.brand or " ".join(known) or None


def flags(fingerprint: Fingerprint) -> frozenset[str]:
    """The CPU flags of a fingerprint; empty where it could not read them."""
    return frozenset(fingerprint.cpu.flags or ())


@dataclass
class _Seen:
    """What the sessions of one platform say: distinct values, in order, without missing ones."""

    fingerprint: list[str] = field(default_factory=list)
    provider: list[str] = field(default_factory=list)
    isolation: list[str] = field(default_factory=list)
    emulated: list[str] = field(default_factory=list)
    masked: list[str] = field(default_factory=list)
    assumed: list[str] = field(default_factory=list)
    image: list[str] = field(default_factory=list)
    rehearsal: bool = False


_COLUMNS = ("fingerprint", "provider", "isolation", "emulated", "masked", "assumed", "image")


def _seen(observations: Observations) -> dict[str, _Seen]:
    sessions = observations.sessions
    columns = ["platform", *_COLUMNS]
    found: dict[str, _Seen] = {}
    for row in sessions[columns].drop_duplicates().itertuples(index=False):
        own = found.setdefault(str(row[0]), _Seen())
        for column, value in zip(_COLUMNS, row[1:], strict=True):
            values = getattr(own, column)
            if isinstance(value, str) and value not in values:
                values.append(value)
    for platform in sessions.loc[sessions["rehearsal"].astype(bool), "platform"].unique():
        found[platform].rehearsal = True
    return found


def _common_flags(fingerprints: Sequence[Fingerprint]) -> dict[str, frozenset[str]]:
    common: dict[str, frozenset[str]] = {}
    for fingerprint in fingerprints:
        own = flags(fingerprint)
        if own:
            architecture = _architecture(fingerprint)
            common[architecture] = common.get(architecture, own) & own
    return common


def _architecture(fingerprint: Fingerprint) -> str:
    return fingerprint.cpu.architecture or "unknown"


def _info(
    name: str,
    seen: _Seen,
    found: Fingerprint | None,
    fingerprints: Fingerprints,
    common: Mapping[str, frozenset[str]],
) -> PlatformInfo:
    fingerprint = found or UNKNOWN
    cpu = fingerprint.cpu
    digests = tuple(seen.fingerprint)
    known = flags(fingerprint)
    shared = common.get(_architecture(fingerprint), frozenset())
    emulated = text(fingerprint.emulated) or _joined(seen.emulated)
    presented = fingerprint.presented
    return PlatformInfo(
        name,
        provider=_joined(seen.provider),
        vendor=cpu.vendor,
        brand=cpu.brand,
        microarchitecture=generation(fingerprint),
        architecture=cpu.architecture,
        logical_cpus=fingerprint.logical_cpus,
        memory_bytes=fingerprint.memory_bytes,
        hypervisor=cpu.hypervisor,
        gpus=tuple(gpu.name or "?" for gpu in fingerprint.gpus or ()),
        flags_own=tuple(sorted(known - shared)),
        emulated=emulated,
        masked=_joined(seen.masked),
        presented=None if presented is None else presented_as(presented.name),
        silicon=None if presented is None else silicon(presented.host),
        rehearsal=seen.rehearsal,
        isolation=tuple(seen.isolation),
        images=tuple(seen.image),
        fingerprints=digests,
        fingerprint_known=found is not None,
        unknown=tuple(f"{path}: {why}" for path, why in sorted(fingerprint.unread.items())),
        notes=(
            *_notes(found, digests, fingerprints, emulated),
            *(f"of this CPU was not recorded, and is taken for: {each}" for each in seen.assumed),
        ),
    )


def _notes(
    fingerprint: Fingerprint | None,
    digests: tuple[str, ...],
    fingerprints: Fingerprints,
    emulated: str | None,
) -> tuple[str, ...]:
    notes = []
    cpus = sorted({_hardware(fingerprints[digest]) for digest in digests if digest in fingerprints})
    if len(cpus) > 1:
        notes.append(f"several different CPUs under this name: {'; '.join(cpus)}")
    if fingerprint is None:
        missing = [f"fingerprint {digests[0][:12]} is not in the store"] if digests else []
        return (*notes, *missing)
    differing = fingerprint.cpu.disagreement
    sides = {"only_cpuid": differing.only_cpuid, "only_kernel": differing.only_kernel}
    # There CPUID is another processor's and the kernel's list the host's: expected.
    is_host = not emulated and fingerprint.presented is None
    if is_host and any(sides.values()):
        words = [f"{key}: {' '.join(value)}" for key, value in sides.items() if value]
        notes.append(f"CPUID and the kernel disagree on flags ({'; '.join(words)})")
    if not flags(fingerprint):
        notes.append("its CPU flags are not known")
    return tuple(notes)


def _hardware(fingerprint: Fingerprint) -> str:
    cpu = fingerprint.cpu
    parts = (cpu.brand, cpu.family, cpu.model, cpu.stepping)
    brand, *numbers = ("?" if part is None else str(part) for part in parts)
    cpus = fingerprint.logical_cpus
    count = f"{cpus} CPUs" if cpus is None else counted(cpus, "CPU")
    return f"{brand} ({'/'.join(numbers)}), {count}"


def _joined(values: Sequence[str]) -> str | None:
    return ", ".join(values) if values else None
