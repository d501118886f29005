"""Is the machine that was received the hardware that was asked for? Pure.

The hardware is the variable of every experiment, so a machine is looked at from inside before it
computes anything. Only what contradicts the order is held against it; what its fingerprint could
not read is said to be unverified.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from orchestrator.catalog import MachineType, cpu_platforms
from orchestrator.model.experiment import Platform, Reason
from orchestrator.results.fingerprint import Cpu, Fingerprint, Gpu

UNSEEN = frozenset({"V520"})
"""GPUs that the probe can't see: it asks NVIDIA's driver."""
MEMORY_SHARE = 0.15
"""Firmware and kernel keep a part of what the provider lists."""


@dataclass(frozen=True)
class Comparison:
    """What was asked for against what the machine says of itself, in words."""

    disagreements: tuple[str, ...]
    unverified: tuple[str, ...]
    """What should have been compared, and the fingerprint doesn't know."""


def disagreement(
    platform: Platform,
    machine_type: MachineType | None,
    fingerprint: Fingerprint,
    *,
    rehearsal: bool = False,
) -> Reason | None:
    """Why the machine is not what was asked for; ``None``: nothing speaks against it.

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
    """Everything that can be compared.

    ``machine_type``: what was bought; ``None`` where hardware isn't bought by type. A machine that
    is emulated or only plays its part (``rehearsal``) has the cores and memory of its host, and the
    nearest CPU model there is: of it only the architecture is compared.
    """
    told = _Told([], [])
    cpu = fingerprint.cpu
    wanted = machine_type.architecture if machine_type else platform.get("arch")
    if wanted is not None:
        seen = cpu.architecture
        # Images and catalogues say arm64, kernels aarch64.
        told.equal("architecture", str(wanted), "arm64" if seen == "aarch64" else seen)
    if not rehearsal and fingerprint.emulated is None:
        _processor(told, platform, machine_type, cpu)
        _gpus(told, platform, machine_type, fingerprint.gpus)
        if machine_type is not None:
            told.equal("logical CPUs", machine_type.vcpus, fingerprint.logical_cpus)
            _memory(told, machine_type.memory_bytes, fingerprint.memory_bytes)
    return Comparison(tuple(told.against), tuple(told.unverified))


@dataclass(frozen=True)
class _Told:
    against: list[str]
    unverified: list[str]

    def equal(self, what: str, wanted: object, seen: object) -> None:
        """Compare, where the machine knows."""
        if seen is None:
            self.unverified.append(f"{what}: asked for {wanted}, the machine doesn't say")
        elif seen != wanted:
            self.against.append(f"{what}: asked for {wanted}, received {seen}")


def _processor(told: _Told, platform: Platform, machine_type: MachineType | None, cpu: Cpu) -> None:
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
    told.equal("microarchitecture", wanted, wanted if seen in possible else seen)


def _gpus(
    told: _Told,
    platform: Platform,
    machine_type: MachineType | None,
    seen: tuple[Gpu, ...] | None,
) -> None:
    wanted = platform.get("gpu") or (machine_type.gpu if machine_type else None)
    if wanted is None:
        return
    if seen is None or wanted in UNSEEN:
        told.unverified.append(f"GPU: asked for {wanted}, the machine doesn't say")
        return
    names = [str(gpu.name) for gpu in seen]
    if not names:
        told.against.append(f"GPU: asked for {wanted}, received none")
    others = sorted({name for name in names if not _words(str(wanted)) <= _words(name)})
    if others:
        told.against.append(f"GPU: asked for {wanted}, received {', '.join(others)}")
    if machine_type is not None and machine_type.gpus and names:
        told.equal("GPUs", machine_type.gpus, len(names))


def _words(name: str) -> set[str]:
    """``Tesla V100-SXM2-16GB`` → {tesla, v100, sxm2, 16gb}."""
    return set(re.findall(r"[a-z0-9]+", name.casefold()))


def _memory(told: _Told, wanted: int, seen: int | None) -> None:
    if seen is None:
        told.unverified.append("memory: the machine doesn't say")
    elif abs(seen - wanted) > MEMORY_SHARE * wanted:
        told.against.append(
            f"memory: asked for {wanted / 2**30:.1f} GiB, received {seen / 2**30:.1f} GiB"
        )
