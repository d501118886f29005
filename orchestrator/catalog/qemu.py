"""CPU models of QEMU's user mode (``qemu_cpus.json``)."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.catalog.data import read


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
