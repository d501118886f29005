"""What the fingerprints say of each platform's hardware."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from orchestrator.analysis.observations.session_row import text
from orchestrator.analysis.observations.table import Observations
from orchestrator.catalog.microarchitectures import gpu_generation, microarchitecture
from orchestrator.results.partitions import PlatformInfo

Fingerprints = Mapping[str, Mapping[str, Any]]
"""Fingerprints by digest, as stored."""


def platform_infos(
    observations: Observations, fingerprints: Fingerprints
) -> tuple[tuple[PlatformInfo, ...], tuple[tuple[str, int], ...]]:
    """The platforms in table order, and (architecture, number of flags all of them have).

    A platform that never started is listed too, with nothing known.
    """
    seen = _seen(observations)
    names = observations.keys["platform"].names
    first = {
        name: fingerprints.get(seen[name]["fingerprint"][0], {})
        if seen.get(name, {}).get("fingerprint")
        else {}
        for name in names
    }
    common = _common_flags(tuple(first.values()))
    infos = tuple(
        _info(name, seen.get(name, {}), first[name], fingerprints, common) for name in names
    )
    counts = tuple(sorted((architecture, len(flags)) for architecture, flags in common.items()))
    return infos, counts


def generation(fingerprint: Mapping[str, Any]) -> str | None:
    """The microarchitecture, looked up by signature where the fingerprint does not name it."""
    cpu = fingerprint.get("cpu") or {}
    named = cpu.get("microarchitecture")
    if named:
        return str(named)
    return microarchitecture(
        cpu.get("vendor"), cpu.get("family"), cpu.get("model"), cpu.get("stepping")
    )


def gpu_generations(
    platforms: Iterable[PlatformInfo], fingerprints: Fingerprints
) -> dict[str, str | None]:
    """The generation of the first GPU of each platform whose first fingerprint describes one."""
    first = {
        info.name: described_gpus(fingerprints.get(info.fingerprints[0], {}))
        for info in platforms
        if info.fingerprints
    }
    return {name: gpu_generation(capability(gpus[0])) for name, gpus in first.items() if gpus}


def described_gpus(fingerprint: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The GPUs of which a fingerprint says more than a name."""
    return [gpu for gpu in fingerprint.get("gpus") or () if isinstance(gpu, Mapping)]


def capability(gpu: Mapping[str, Any]) -> tuple[float, ...]:
    """The compute capability of a GPU as numbers, ``(7, 5)``; infinite where not known."""
    given = gpu.get("compute_capability")
    parts = given if isinstance(given, list | tuple) else str(given or "").split(".")
    try:
        return tuple(float(part) for part in parts) or (math.inf,)
    except (TypeError, ValueError):
        return (math.inf,)


def flags(fingerprint: Mapping[str, Any]) -> frozenset[str]:
    """The CPU flags of a fingerprint; empty where it could not read them."""
    return frozenset((fingerprint.get("cpu") or {}).get("flags") or ())


_COLUMNS = ("fingerprint", "provider", "isolation", "emulated", "masked", "image")


def _seen(observations: Observations) -> dict[str, dict[str, Any]]:
    """By platform: the distinct values of ``_COLUMNS``, in order, without missing ones."""
    sessions = observations.sessions
    columns = ["platform", *_COLUMNS]
    found: dict[str, dict[str, Any]] = {}
    for row in sessions[columns].drop_duplicates().itertuples(index=False):
        values = found.setdefault(str(row[0]), {column: [] for column in _COLUMNS})
        for column, value in zip(_COLUMNS, row[1:], strict=True):
            if isinstance(value, str) and value not in values[column]:
                values[column].append(value)
    for platform in sessions.loc[sessions["rehearsal"].astype(bool), "platform"].unique():
        found[platform]["rehearsal"] = True
    return found


def _common_flags(fingerprints: Sequence[Mapping[str, Any]]) -> dict[str, frozenset[str]]:
    common: dict[str, frozenset[str]] = {}
    for fingerprint in fingerprints:
        own = flags(fingerprint)
        if own:
            architecture = _architecture(fingerprint)
            common[architecture] = common.get(architecture, own) & own
    return common


def _architecture(fingerprint: Mapping[str, Any]) -> str:
    return str((fingerprint.get("cpu") or {}).get("architecture") or "unknown")


def _info(
    name: str,
    seen: Mapping[str, Any],
    fingerprint: Mapping[str, Any],
    fingerprints: Fingerprints,
    common: Mapping[str, frozenset[str]],
) -> PlatformInfo:
    cpu = fingerprint.get("cpu") or {}
    digests = tuple(seen.get("fingerprint", ()))
    known = flags(fingerprint)
    shared = common.get(_architecture(fingerprint), frozenset())
    emulated = text(fingerprint.get("emulated")) or _joined(seen.get("emulated"))
    return PlatformInfo(
        name,
        provider=_joined(seen.get("provider")),
        vendor=cpu.get("vendor"),
        brand=cpu.get("brand"),
        microarchitecture=generation(fingerprint),
        architecture=cpu.get("architecture"),
        logical_cpus=fingerprint.get("logical_cpus"),
        memory_bytes=fingerprint.get("memory_bytes"),
        hypervisor=cpu.get("hypervisor"),
        gpus=tuple(_gpu(gpu) for gpu in fingerprint.get("gpus") or ()),
        flags_own=tuple(sorted(known - shared)),
        emulated=emulated,
        masked=_joined(seen.get("masked")),
        rehearsal=bool(seen.get("rehearsal")),
        isolation=tuple(seen.get("isolation", ())),
        images=tuple(seen.get("image", ())),
        fingerprints=digests,
        fingerprint_known=bool(fingerprint),
        unknown=tuple(
            f"{path}: {why}" for path, why in sorted((fingerprint.get("missing") or {}).items())
        ),
        notes=_notes(fingerprint, digests, fingerprints, emulated),
    )


def _notes(
    fingerprint: Mapping[str, Any],
    digests: tuple[str, ...],
    fingerprints: Fingerprints,
    emulated: str | None,
) -> tuple[str, ...]:
    notes = []
    cpus = sorted({_hardware(fingerprints[digest]) for digest in digests if digest in fingerprints})
    if len(cpus) > 1:
        notes.append(f"several different CPUs under this name: {'; '.join(cpus)}")
    differing = (fingerprint.get("cpu") or {}).get("disagreement") or {}
    # Under emulation CPUID is the model's and the kernel's list the host's: expected.
    if not emulated and any(differing.values()):
        words = [f"{key}: {' '.join(value)}" for key, value in sorted(differing.items()) if value]
        notes.append(f"CPUID and the kernel disagree on flags ({'; '.join(words)})")
    if digests and not fingerprint:
        notes.append(f"fingerprint {digests[0][:12]} is not in the store")
    if fingerprint and not flags(fingerprint):
        notes.append("its CPU flags are not known")
    return tuple(notes)


def _hardware(fingerprint: Mapping[str, Any]) -> str:
    cpu = fingerprint.get("cpu") or {}
    parts = [cpu.get(key) for key in ("brand", "family", "model", "stepping")]
    brand, *numbers = ("?" if part is None else str(part) for part in parts)
    return f"{brand} ({'/'.join(numbers)}), {fingerprint.get('logical_cpus')} CPUs"


def _gpu(gpu: Any) -> str:
    name = gpu.get("name") if isinstance(gpu, Mapping) else None
    return str(name) if name else text(gpu) or "?"


def _joined(values: Sequence[str] | None) -> str | None:
    return ", ".join(values) if values else None
