"""Compares a machine's fingerprint with the hardware of its platform. Pure functions.

The hardware is the variable of every experiment, so a machine is examined from inside before it
computes. It is rejected only for values that contradict the platform; values that the fingerprint
does not have are listed as unverified.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from orchestrator.catalog import MachineType, cpu_platforms
from orchestrator.cpuid.table import CpuidTable
from orchestrator.model.experiment import Platform, Reason
from orchestrator.model.machine import Presented
from orchestrator.results.fingerprint import Cache, Cpu, Fingerprint, Gpu

NOT_PROBED = frozenset({"V520"})
"""GPUs that the probe cannot see, since it reads NVIDIA's driver only."""
MEMORY_SHARE = 0.15
"""Accepted difference of the memory: firmware and kernel keep a part of what is listed."""


@dataclass(frozen=True)
class Comparison:
    """The differences between platform and machine, as texts for messages."""

    disagreements: tuple[str, ...]
    unverified: tuple[str, ...]
    """What could not be compared, because the fingerprint does not have it."""


def disagreement(
    platform: Platform,
    machine_type: MachineType | None,
    fingerprint: Fingerprint,
    *,
    rehearsal: bool = False,
) -> Reason | None:
    """Why the machine is not the hardware asked for; ``None``: nothing contradicts it.

    ``rehearsal``: see ``compare``.
    """
    found = compare(platform, machine_type, fingerprint, rehearsal=rehearsal).disagreements
    return Reason("mismatch", "; ".join(found)) if found else None


def compare(
    platform: Platform,
    machine_type: MachineType | None,
    fingerprint: Fingerprint,
    *,
    rehearsal: bool = False,
) -> Comparison:
    """Compare all that the fingerprint has.

    ``machine_type``: the type that was rented; ``None`` where machines are not rented by type. An
    emulated machine, or one that stands in for another (``rehearsal``), has its host's cores and
    memory and the nearest CPU model: only its architecture is compared.
    """
    found = _Differences([], [])
    cpu = fingerprint.cpu
    wanted = machine_type.architecture if machine_type else platform.get("arch")
    if wanted is not None:
        seen = cpu.architecture
        # The name is arm64 for images and in the catalogue, aarch64 for the kernel.
        found.equal("architecture", str(wanted), "arm64" if seen == "aarch64" else seen)
    if not rehearsal and fingerprint.emulated is None:
        _processor(found, platform, machine_type, cpu)
        _gpus(found, platform, machine_type, fingerprint.gpus)
        if machine_type is not None:
            found.equal("logical CPUs", machine_type.vcpus, fingerprint.logical_cpus)
            _memory(found, machine_type.memory_bytes, fingerprint.memory_bytes)
    return Comparison(tuple(found.against), tuple(found.unverified))


def not_presented(wanted: Presented, fingerprint: Fingerprint | None) -> Reason | None:
    """Why programs did not see the CPU that was to be presented; ``None``: they saw it.

    Everything that software may choose its code by is compared: the flags, the vendor, the
    signature, the caches and the states that are saved.
    """
    if fingerprint is None:
        return Reason("mismatch", f"presented as {wanted.name}: not known what programs saw")
    if fingerprint.presented is None:
        return Reason("mismatch", f"the computer was not presented as {wanted.name}")
    table, cpu = CpuidTable.of_presented(wanted), fingerprint.cpu
    found = _Differences([], [])
    seen = frozenset(cpu.flags or ())
    for words, flags in (("without", table.flags - seen), ("with", seen - table.flags)):
        if flags:
            found.against.append(f"{words} the flags {', '.join(sorted(flags))}")
    found.equal("vendor", table.vendor, cpu.vendor)
    for name, value in table.signature.items():
        found.equal(name, value, getattr(cpu, name))
    sizes = {cache_name(cache): cache.bytes for cache in reversed(cpu.caches or ())}
    for name, size in table.caches.items():
        found.equal(name, size, sizes.get(name))
    if cpu.xcr0.value is not None:
        found.equal("XCR0", f"{table.xcr0:#x}", cpu.xcr0.value)
    text = f"presented as {wanted.name}: {'; '.join((*found.against, *found.unverified))}"
    return Reason("mismatch", text) if found.against or found.unverified else None


def cache_name(cache: Cache) -> str | None:
    """``l1d``, ``l2`` or ``l3``; ``None``: no cache of data."""
    if cache.type == "instruction" or cache.level is None:
        return None
    return "l1d" if cache.level == 1 else f"l{cache.level}"


@dataclass(frozen=True)
class _Differences:
    against: list[str]
    unverified: list[str]

    def equal(self, what: str, wanted: object, seen: object) -> None:
        """Compare two values; ``seen`` is ``None`` where the fingerprint does not have it."""
        if seen is None:
            self.unverified.append(f"{what}: asked for {wanted}, the fingerprint does not say")
        elif seen != wanted:
            self.against.append(f"{what}: asked for {wanted}, received {seen}")


def _processor(
    found: _Differences, platform: Platform, machine_type: MachineType | None, cpu: Cpu
) -> None:
    cpu_platform = platform.get("cpu_platform")
    possible: tuple[str, ...]
    if cpu_platform is not None:
        known = cpu_platforms().get(str(cpu_platform))
        possible = () if known is None else (known,)
    elif platform.get("microarchitecture") is not None:
        possible = (str(platform.get("microarchitecture")),)
    else:
        possible = machine_type.microarchitectures if machine_type else ()
    if not possible:
        return
    seen = cpu.microarchitecture
    wanted = " or ".join(possible)
    found.equal("microarchitecture", wanted, wanted if seen in possible else seen)


def _gpus(
    found: _Differences,
    platform: Platform,
    machine_type: MachineType | None,
    seen: tuple[Gpu, ...] | None,
) -> None:
    wanted = platform.get("gpu") or (machine_type.gpu if machine_type else None)
    if wanted is None:
        return
    if seen is None or wanted in NOT_PROBED:
        found.unverified.append(f"GPU: asked for {wanted}, the fingerprint does not say")
        return
    names = [str(gpu.name) for gpu in seen]
    if not names:
        found.against.append(f"GPU: asked for {wanted}, received none")
    others = sorted({name for name in names if not _words(str(wanted)) <= _words(name)})
    if others:
        found.against.append(f"GPU: asked for {wanted}, received {', '.join(others)}")
    if machine_type is not None and machine_type.gpus and names:
        found.equal("GPUs", machine_type.gpus, len(names))


def _words(name: str) -> set[str]:
    """``Tesla V100-SXM2-16GB`` → {tesla, v100, sxm2, 16gb}."""
    return set(re.findall(r"[a-z0-9]+", name.casefold()))


def _memory(found: _Differences, wanted: int, seen: int | None) -> None:
    if seen is None:
        found.unverified.append("memory: the fingerprint does not say")
    elif abs(seen - wanted) > MEMORY_SHARE * wanted:
        found.against.append(
            f"memory: asked for {wanted / 2**30:.1f} GiB, received {seen / 2**30:.1f} GiB"
        )
