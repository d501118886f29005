"""One machine's fingerprint as named values that may explain its output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.analysis.hardware.attribute_costs import CORE_BIN, CORE_BINS
from orchestrator.analysis.hardware.platforms import described_gpus, generation
from orchestrator.analysis.observations.session_row import text
from orchestrator.results.explanation import AttributeValue, Kind

Named = dict[str, tuple[Kind, AttributeValue]]
"""Kind and value by attribute; ``None`` is "not known"."""


def fingerprint_attributes(fingerprint: Mapping[str, Any]) -> Named:
    """Everything but the flags (``fingerprint_flags``) and the environment."""
    cpu = fingerprint.get("cpu") or {}
    cores = fingerprint.get("logical_cpus")
    named: Named = {
        "vendor": (Kind.VENDOR, cpu.get("vendor")),
        "architecture": (Kind.VENDOR, cpu.get("architecture")),
        "hypervisor name": (Kind.VENDOR, _hypervisor(fingerprint)),
        "emulated": (Kind.VENDOR, text(fingerprint.get("emulated")) or "no"),
        "cores": (Kind.CORES, cores),
        "usable cores": (Kind.CORES, _usable(fingerprint)),
        CORE_BIN: (Kind.CORES, core_bin(cores)),
        "generation": (Kind.IDENTITY, generation(fingerprint)),
        "CPU model": (Kind.IDENTITY, _signature(cpu, "family", "model")),
        "CPU stepping": (Kind.IDENTITY, _signature(cpu, "family", "model", "stepping")),
        "CPU brand": (Kind.IDENTITY, cpu.get("brand")),
        "microcode": (Kind.IDENTITY, cpu.get("microcode")),
    }
    xcr0 = cpu.get("xcr0")
    if isinstance(xcr0, Mapping):
        for state in ("avx", "avx512", "amx"):
            if isinstance(xcr0.get(state), bool):
                named[f"{state} state saved"] = (Kind.FLAG, xcr0[state])
    for cache in cpu.get("caches") or ():
        if cache.get("type") != "instruction":
            # The larger levels tell one model from the next nearly as well as its name does.
            kind = Kind.CACHE if cache.get("level") == 1 else Kind.IDENTITY
            named[f"L{cache.get('level')} bytes"] = (kind, cache.get("bytes"))
    return named | _system(fingerprint) | _gpu(fingerprint)


def fingerprint_flags(fingerprint: Mapping[str, Any]) -> frozenset[str] | None:
    """The CPU flags; ``None`` where they could not be read, which is not "no flags"."""
    known = (fingerprint.get("cpu") or {}).get("flags")
    return frozenset(known) if known else None


def core_bin(cores: int | None) -> str | None:
    """``4-7``, ``32+``: the bin that ``cores`` logical CPUs fall into."""
    if cores is None or cores < CORE_BINS[0]:
        return None
    place = max(row for row, lowest in enumerate(CORE_BINS) if lowest <= cores)
    if place + 1 == len(CORE_BINS):
        return f"{CORE_BINS[place]}+"
    first, last = CORE_BINS[place], CORE_BINS[place + 1] - 1
    return str(first) if first == last else f"{first}-{last}"


def bin_top(name: AttributeValue) -> int | None:
    """The highest count in a bin that ``core_bin`` named; ``None``: the bin is open."""
    last = str(name).rpartition("-")[2]
    return int(last) if last.isdigit() else None


def _hypervisor(fingerprint: Mapping[str, Any]) -> str | None:
    cpu = fingerprint.get("cpu") or {}
    known = fingerprint_flags(fingerprint)
    named = cpu.get("hypervisor")
    if named or known is None or cpu.get("architecture") not in ("x86_64", "i686"):
        return str(named) if named else None
    # Linux shows CPUID's hypervisor bit as a flag; set without a name it says "some".
    return None if "hypervisor" in known else "none"


def _usable(fingerprint: Mapping[str, Any]) -> int | None:
    affinity = fingerprint.get("affinity")
    if not isinstance(affinity, list):
        return None
    quota = (fingerprint.get("cgroup") or {}).get("cpus")
    return min(len(affinity), quota) if isinstance(quota, int) else len(affinity)


def _signature(cpu: Mapping[str, Any], *keys: str) -> str | None:
    parts = [cpu.get(key) for key in keys]
    return None if None in parts else "/".join(str(part) for part in parts)


def _system(fingerprint: Mapping[str, Any]) -> Named:
    system = fingerprint.get("system") or {}
    named: Named = {
        key: (Kind.SOFTWARE, text(system.get(key))) for key in ("libc", "python", "numpy")
    }
    return named | {key: (Kind.IDENTITY, text(system.get(key))) for key in ("kernel", "os")}


def _gpu(fingerprint: Mapping[str, Any]) -> Named:
    gpus = described_gpus(fingerprint)
    if not gpus:
        return {"GPU": (Kind.GPU, None if fingerprint.get("gpus") is None else "none")}
    system = fingerprint.get("system") or {}
    keys = {"GPU": "name", "compute capability": "compute_capability", "driver": "driver"}
    named: Named = {
        name: (Kind.GPU, text(sorted({str(gpu[key]) for gpu in gpus if gpu.get(key)})))
        for name, key in keys.items()
    }
    return named | {key: (Kind.GPU, text(system.get(key))) for key in ("cuda", "cudnn")}
