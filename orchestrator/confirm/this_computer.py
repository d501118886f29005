"""What this computer can stand in for."""

from __future__ import annotations

import shutil
from typing import Any

from orchestrator.confirm.confirm import ThisComputer
from orchestrator.confirm.interventions import Means
from orchestrator.confirm.presenting import CpuidPresenter, Presenter, QemuPresenter
from orchestrator.cpuid.from_fingerprint import NoTable, described
from orchestrator.errors import EnvironmentNotReady
from orchestrator.executors.presentation import presentation_files
from orchestrator.model.experiment import Isolation
from orchestrator.providers.qemu import QEMU
from orchestrator.store.parse_fingerprint import parse_fingerprint


def this_computer(
    probed: dict[str, Any], isolation: Isolation, asked: Means | None = None
) -> ThisComputer:
    """By its fingerprint (docs/formats.md, section 4); ``asked``: how CPUs are to be presented.

    Not said, CPUID answers where it can: on x86-64, where processes have a compiler or containers
    bring what it needs; else QEMU emulates.
    """
    known = parse_fingerprint(probed)
    name = known.cpu.brand or known.cpu.microarchitecture or "this CPU"
    presenter: Presenter | None = None
    why = ""
    if asked is not Means.EMULATED:
        presenter, why = _by_cpuid(probed, isolation)
    if presenter is None and asked is not Means.CPUID:
        if shutil.which(QEMU) or isolation is Isolation.DOCKER:
            presenter = QemuPresenter()
        else:
            why = f"{why}; {QEMU} is not installed".removeprefix("; ")
    return ThisComputer(name, known.logical_cpus, presenter, why)


def _by_cpuid(probed: dict[str, Any], isolation: Isolation) -> tuple[Presenter | None, str]:
    try:
        host = described(probed).table
    except NoTable as error:
        return None, f"CPUID cannot answer for another CPU here: {error}"
    if isolation is not Isolation.DOCKER:
        try:
            presentation_files()
        except EnvironmentNotReady as error:
            return None, f"CPUID cannot answer for another CPU here: {error}"
    return CpuidPresenter(host), ""
