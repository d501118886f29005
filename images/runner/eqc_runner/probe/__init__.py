"""The probe: what the machine, seen from inside, says it is.

CPUID is executed, not read from ``/proc/cpuinfo``: under emulation and in some containers the
two differ, and frameworks see the instruction. Both are recorded, and where they disagree.
"""

from __future__ import annotations

import os
from typing import Any

from eqc_runner.presentation.instructions import LIBRARY_VARIABLE
from eqc_runner.steering import reported, without_steering

from .approximation import describe_approximation
from .cgroup import cgroup_limits
from .gpus import list_gpus
from .processor import describe_processor
from .system import affinity, describe_system, memory_bytes

__all__ = ["fingerprint"]

_EMULATORS = ("TCGTCGTCGTCG",)


def fingerprint(emulated: str | None = None) -> dict[str, Any]:
    """The record of section 4 of the file formats, ready for JSON.

    ``emulated`` is copied: what the caller emulates (``"Haswell"``), or ``None``. A value that
    cannot be read is ``None``, and ``"missing"`` has the reason by dotted path: no error is raised.
    """
    missing: dict[str, str] = {}
    cpu = _part("cpu", describe_processor(), missing)
    system = _part("system", describe_system(), missing)
    units, reasons = describe_approximation(cpu)
    missing.update(reasons)
    cores, memory = affinity(), memory_bytes()
    if cores is None:
        missing["affinity"] = "this system has no call for it"
    if memory is None:
        missing["memory_bytes"] = "not readable without /proc/meminfo"
    return {
        "schema": 1,
        "emulated": emulated,
        "cpu": cpu,
        "approximation": units,
        "logical_cpus": os.cpu_count(),
        "affinity": cores,
        "cgroup": _cgroup(missing),
        "memory_bytes": memory,
        "gpus": _gpus(missing, emulated=emulated is not None or _emulates(cpu)),
        "system": system,
        # The variables that a worker started from here would get; a cell adds its own.
        "environment": reported(without_steering(os.environ)),
        "missing": dict(sorted(missing.items())),
    }


def _emulates(cpu: dict[str, Any]) -> bool:
    # A presented CPU may have been recorded in an emulator; this is none.
    return cpu["hypervisor"] in _EMULATORS and LIBRARY_VARIABLE not in os.environ


def _part(name: str, described: dict[str, Any], missing: dict[str, str]) -> dict[str, Any]:
    reasons = described.pop("missing")
    missing.update({f"{name}.{key}": reason for key, reason in reasons.items()})
    return described


def _cgroup(missing: dict[str, str]) -> dict[str, Any]:
    try:
        return cgroup_limits()
    except (OSError, ValueError) as error:
        missing["cgroup.cpus"] = missing["cgroup.memory_bytes"] = str(error)
        return {"cpus": None, "memory_bytes": None}


def _gpus(missing: dict[str, str], *, emulated: bool) -> list[dict[str, Any]]:
    if emulated:
        # An emulated process starts programs natively: nvidia-smi would list the host's GPUs.
        missing["gpus"] = "not looked for under emulation"
        return []
    try:
        return list_gpus()
    except OSError as error:
        missing["gpus"] = str(error)
        return []
