"""Substitutes for other hardware: instruction-set masks, and CPU models of QEMU's user mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.catalog.framework_folder import REQUIRED_FLAGS
from orchestrator.catalog.frameworks import frameworks
from orchestrator.catalog.lists import read
from orchestrator.model.experiment import Platform

LEVELS = tuple(REQUIRED_FLAGS)
"""Instruction-set levels of masks, from the oldest to the newest."""


def mask_environment(level: str, framework: str) -> Mapping[str, str] | None:
    """The environment variables that limit ``framework`` to the instructions of ``level``.

    ``None``: the framework has no such variables for this level. They must be set before the
    process starts. KeyError for an unknown level or framework.
    """
    if level not in REQUIRED_FLAGS:
        raise KeyError(level)
    return frameworks()[framework].masks.get(level)


def no_mask(platform: Platform, framework: str) -> str | None:
    """Why a masked ``platform`` is none for ``framework``; ``None``: it is, or is not masked."""
    if platform.provider != "mask":
        return None
    level = str(platform.get("level"))
    if mask_environment(level, framework) is not None:
        return None
    emulated = next((cpu.name for cpu in known_qemu_cpus() if cpu.level == level), None)
    instead = f"; provider emulated has it (cpu: {emulated})" if emulated else ""
    return f"{framework} has no mask {level}{instead}"


def required_flag(level: str) -> str:
    """The CPU flag (as Linux names it) without which a machine cannot execute ``level`` at all."""
    return REQUIRED_FLAGS[level]


@dataclass(frozen=True)
class QemuCpu:
    """A CPU model of QEMU on which frameworks were observed to run."""

    name: str
    level: str
    """The mask level it corresponds to."""
    note: str


def known_qemu_cpus() -> tuple[QemuCpu, ...]:
    """The x86 models on which frameworks were observed to run, oldest first."""
    known = read("qemu_cpus.json")["known"]
    return tuple(QemuCpu(name, cpu["level"], cpu["note"]) for name, cpu in known.items())


def qemu_cpu_names(architecture: str) -> tuple[str, ...]:
    """Every name of a QEMU CPU model for ``x86_64`` or ``arm64``, newer releases included."""
    return tuple(read("qemu_cpus.json")["names"][architecture])


def qemu_note(name: str) -> str | None:
    """A sentence on running frameworks on an x86 model; ``None`` if nothing is known of it."""
    data = read("qemu_cpus.json")
    if name in data["unfit"]:
        return str(data["unfit"][name])
    return str(data["known"][name]["note"]) if name in data["known"] else None


@dataclass(frozen=True)
class Player:
    """The CPU model of QEMU's user mode that replaces a rented machine in a rehearsal."""

    cpu: str
    lacks: str | None = None
    """What the replaced machine has and this model has not; ``None``: nothing of importance."""


def player(microarchitectures: Sequence[str], architecture: str) -> Player:
    """The CPU model that replaces a machine with one of ``microarchitectures`` (oldest first).

    The first microarchitecture in the list of replacements decides, without one a default for
    ``architecture`` (``x86_64`` or ``arm64``). That is enough: a rehearsal shows that a sweep
    runs, not which classes it will find.
    """
    data = read("rehearsal_cpus.json")
    known = data[architecture]
    for name in microarchitectures:
        if name in known:
            return Player(**known[name])
    return Player(**data["otherwise"][architecture])


def simd_meaning(flag: str) -> str | None:
    """The SIMD instructions of CPU flag ``flag`` in a few words; ``None``: it is not listed."""
    known = read("simd_flags.json")
    meaning = known["float"].get(flag) or known["other"].get(flag)
    return None if meaning is None else str(meaning)


def is_float_simd(flag: str) -> bool:
    """Whether CPU flag ``flag`` means vector arithmetic on floating-point numbers."""
    return flag in read("simd_flags.json")["float"]
