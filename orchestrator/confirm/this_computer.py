"""What this computer can stand in for."""

from __future__ import annotations

import shutil
from typing import Any

from orchestrator.confirm.confirm import ThisComputer
from orchestrator.confirm.interventions import Means
from orchestrator.confirm.presenting import CpuidPresenter, Presenter, QemuPresenter
from orchestrator.cpuid.from_fingerprint import NoTable, described
from orchestrator.model.experiment import Isolation
from orchestrator.providers.qemu import QEMU


def this_computer(
    fingerprint: dict[str, Any], isolation: Isolation, asked: Means | None = None
) -> ThisComputer:
    """By the fingerprint of this computer; ``asked``: how CPUs are to be presented.

    Not said, CPUID answers where it can: on x86-64, where processes have a compiler or containers
    bring what it needs; else QEMU emulates.
    """
    cpu = fingerprint["cpu"]
    name = str(cpu.get("brand") or cpu.get("microarchitecture") or "this CPU")
    cores = fingerprint.get("logical_cpus")
    presenter: Presenter | None = None
    why = ""
    if asked is not Means.EMULATED:
        presenter, why = _by_cpuid(fingerprint, isolation)
    if presenter is None and asked is not Means.CPUID:
        if shutil.which(QEMU) or isolation is Isolation.DOCKER:
            presenter = QemuPresenter()
        else:
            why = f"{why}; {QEMU} is not installed".removeprefix("; ")
    return ThisComputer(name, cores if isinstance(cores, int) else None, presenter, why)


def _by_cpuid(fingerprint: dict[str, Any], isolation: Isolation) -> tuple[Presenter | None, str]:
    try:
        host = described(fingerprint).table
    except NoTable as error:
        return None, f"CPUID cannot answer for another CPU here: {error}"
    if isolation is not Isolation.DOCKER and shutil.which("cc") is None:
        return None, "CPUID cannot answer for another CPU here: there is no C compiler (cc)"
    return CpuidPresenter(host), ""
