"""One machine's fingerprint as named values that may explain its output."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.analysis.hardware.attribute_costs import CORE_BIN, CORE_BINS
from orchestrator.analysis.hardware.platforms import generation, silicon
from orchestrator.analysis.observations.session_row import text
from orchestrator.catalog.approximate_units import approximation_units
from orchestrator.model.experiment import Json
from orchestrator.results.explanation import AttributeValue, Kind
from orchestrator.results.fingerprint import Fingerprint

Named = dict[str, tuple[Kind, AttributeValue]]
"""Kind and value by attribute; ``None`` is "not known"."""


def fingerprint_attributes(fingerprint: Fingerprint) -> Named:
    """Everything but the flags (``fingerprint_flags``) and the environment."""
    cpu, cores = fingerprint.cpu, fingerprint.logical_cpus
    named: Named = {
        "vendor": (Kind.VENDOR, cpu.vendor),
        "architecture": (Kind.VENDOR, cpu.architecture),
        "cores": (Kind.CORES, cores),
        "usable cores": (Kind.CORES, _usable(fingerprint)),
        CORE_BIN: (Kind.CORES, core_bin(cores)),
        "generation": (Kind.IDENTITY, generation(fingerprint) or _unlisted(fingerprint)),
        "CPU model": (Kind.IDENTITY, _signature(cpu.family, cpu.model)),
        "CPU stepping": (Kind.IDENTITY, _signature(cpu.family, cpu.model, cpu.stepping)),
        "CPU brand": (Kind.IDENTITY, cpu.brand),
        "microcode": (Kind.IDENTITY, cpu.microcode),
        "hypervisor name": (Kind.IDENTITY, _hypervisor(fingerprint)),
        "emulated": (Kind.IDENTITY, text(fingerprint.emulated) or "no"),
    }
    presented = fingerprint.presented
    if presented is not None:
        # What identifies the silicon; flags, vendor and caches above are those that programs saw.
        named["presented"] = (Kind.IDENTITY, presented.name)
        named["silicon"] = (Kind.IDENTITY, silicon(presented.host))
    saved = {"avx": cpu.xcr0.avx, "avx512": cpu.xcr0.avx512, "amx": cpu.xcr0.amx}
    for state, known in saved.items():
        if known is not None:
            named[f"{state} state saved"] = (Kind.FLAG, known)
    if fingerprint.approximation is not None:
        for group, unit in approximation_units(fingerprint.approximation).items():
            named[group] = (Kind.APPROXIMATION, unit)
    for cache in cpu.caches or ():
        if cache.type != "instruction":
            # The larger levels tell one model from the next nearly as well as its name does.
            kind = Kind.CACHE if cache.level == 1 else Kind.IDENTITY
            named[f"L{cache.level} bytes"] = (kind, cache.bytes)
    return named | _system(fingerprint) | _gpu(fingerprint)


def fingerprint_flags(fingerprint: Fingerprint) -> frozenset[str] | None:
    """The CPU flags; ``None`` where they could not be read, which is not "no flags"."""
    known = fingerprint.cpu.flags
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


def _unlisted(fingerprint: Fingerprint) -> str:
    """What stands for a generation that no table names: a value, else one such machine would take
    the attribute from all others. Processors of other signatures are of other generations."""
    cpu = fingerprint.cpu
    model = _signature(cpu.family, cpu.model) or _signature(cpu.model)
    return " ".join(word for word in ("unknown", cpu.vendor, model) if word)


def _hypervisor(fingerprint: Fingerprint) -> str | None:
    known = fingerprint_flags(fingerprint)
    named = fingerprint.cpu.hypervisor
    if named or known is None or fingerprint.cpu.architecture not in ("x86_64", "i686"):
        return named or None
    # Linux shows CPUID's hypervisor bit as a flag; set without a name it says "some".
    return None if "hypervisor" in known else "none"


def _usable(fingerprint: Fingerprint) -> int | None:
    if fingerprint.affinity is None:
        return None
    usable, quota = len(fingerprint.affinity), fingerprint.cgroup.cpus
    return min(usable, quota) if isinstance(quota, int) else usable


def _signature(*numbers: int | None) -> str | None:
    return None if None in numbers else "/".join(str(number) for number in numbers)


def _system(fingerprint: Fingerprint) -> Named:
    system = fingerprint.system
    return {
        "libc": (Kind.SOFTWARE, text(system.libc)),
        "python": (Kind.SOFTWARE, text(system.python)),
        "numpy": (Kind.SOFTWARE, text(system.numpy)),
        "kernel": (Kind.IDENTITY, text(system.kernel)),
        "os": (Kind.IDENTITY, text(system.os)),
    }


def _gpu(fingerprint: Fingerprint) -> Named:
    gpus, system = fingerprint.gpus, fingerprint.system
    if not gpus:
        return {"GPU": (Kind.GPU, None if gpus is None else "none")}
    return {
        "GPU": (Kind.GPU, _distinct(gpu.name for gpu in gpus)),
        "compute capability": (Kind.GPU, _distinct(gpu.compute_capability for gpu in gpus)),
        "driver": (Kind.GPU, _distinct(gpu.driver for gpu in gpus)),
        "cuda": (Kind.GPU, text(system.cuda)),
        "cudnn": (Kind.GPU, text(system.cudnn)),
    }


def _distinct(values: Iterable[Json]) -> str | None:
    return text(sorted({str(value) for value in values if value}))
