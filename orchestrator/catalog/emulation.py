"""What stands in for other hardware here: masks, QEMU's CPU models, who plays which machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.catalog.framework_folder import REQUIRED_FLAGS
from orchestrator.catalog.frameworks import frameworks
from orchestrator.catalog.lists import read

LEVELS = tuple(REQUIRED_FLAGS)
"""From the oldest to the newest."""


def mask_environment(level: str, framework: str) -> Mapping[str, str] | None:
    """The variables that hold ``framework`` down to ``level``; ``None``: it has no switch.

    They must be set before the process starts. KeyError for an unknown level.
    """
    if level not in REQUIRED_FLAGS:
        raise KeyError(level)
    return frameworks()[framework].masks.get(level)


def required_flag(level: str) -> str:
    """The CPU flag (as Linux names it) a machine must have for ``level`` to mean anything."""
    return REQUIRED_FLAGS[level]


@dataclass(frozen=True)
class QemuCpu:
    """A model that was seen to run frameworks."""

    name: str
    level: str
    """The mask level it corresponds to."""
    note: str


def known_qemu_cpus() -> tuple[QemuCpu, ...]:
    """The x86 models that were seen to run frameworks, oldest first."""
    known = read("qemu_cpus.json")["known"]
    return tuple(QemuCpu(name, cpu["level"], cpu["note"]) for name, cpu in known.items())


def qemu_cpu_names(architecture: str) -> tuple[str, ...]:
    """Every model name QEMU knows for ``x86_64`` or ``arm64``, newer releases included."""
    return tuple(read("qemu_cpus.json")["names"][architecture])


def qemu_note(name: str) -> str | None:
    """What is known about running frameworks on an x86 model; ``None`` if nothing is."""
    data = read("qemu_cpus.json")
    if name in data["unfit"]:
        return str(data["unfit"][name])
    return str(data["known"][name]["note"]) if name in data["known"] else None


@dataclass(frozen=True)
class Player:
    """A CPU model of QEMU's user mode, and what it has not of the machine it plays."""

    cpu: str
    lacks: str | None = None


def player(microarchitectures: Sequence[str], architecture: str) -> Player:
    """The player of a machine that may have any of ``microarchitectures``, oldest first.

    The first that is known decides: a rehearsal shows that a sweep runs, not which class results.
    """
    data = read("rehearsal_cpus.json")
    known = data[architecture]
    for name in microarchitectures:
        if name in known:
            return Player(**known[name])
    return Player(**data["otherwise"][architecture])


def simd_meaning(flag: str) -> str | None:
    """What SIMD instructions ``flag`` stands for, in a few words; ``None``: none known."""
    known = read("simd_flags.json")
    meaning = known["float"].get(flag) or known["other"].get(flag)
    return None if meaning is None else str(meaning)


def is_float_simd(flag: str) -> bool:
    """Whether ``flag`` stands for vector arithmetic on floating-point numbers."""
    return flag in read("simd_flags.json")["float"]
