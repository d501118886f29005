"""A fingerprint from what py-cpuinfo and TensorFlow told the study about a machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.model.experiment import Json
from orchestrator.store.parse import JsonObject

_ABSENT = "not recorded by the study"


def fingerprint_of(document: Mapping[str, Any]) -> JsonObject:
    """A fingerprint (docs/formats.md, section 4) of one result file.

    py-cpuinfo read ``/proc/cpuinfo``, so its flags are the kernel's; CPUID was not executed.
    Only facts that do not change from file to file are kept here; the original is under
    ``imported``.
    """
    cpu = document["cpu_info"]
    memory = document.get("memory") or {}
    flags = sorted(str(flag) for flag in cpu.get("flags") or ())
    missing = {
        "cpu.microarchitecture": _ABSENT,
        "cpu.microcode": _ABSENT,
        "cpu.leaves": _ABSENT,
        "affinity": _ABSENT,
        "cgroup": _ABSENT,
        "environment": _ABSENT,
    }
    if not flags:
        missing["cpu.flags"] = _ABSENT
    if _summed(cpu):
        missing["cpu.caches"] = "lscpu's sum over the cores, and it does not say of how many"
    return {
        "schema": 1,
        "emulated": None,
        "cpu": {
            "architecture": cpu.get("arch_string_raw"),
            "vendor": cpu.get("vendor_id_raw"),
            "brand": cpu.get("brand_raw"),
            "family": cpu.get("family"),
            "model": cpu.get("model"),
            "stepping": cpu.get("stepping"),
            "microarchitecture": None,
            "microcode": None,
            "flags": flags or None,
            "flags_kernel": flags or None,
            "disagreement": None,
            "caches": _caches(cpu),
            "hypervisor": None,
            "leaves": None,
        },
        "logical_cpus": cpu.get("count"),
        "affinity": None,
        "cgroup": None,
        "memory_bytes": memory.get("total") if isinstance(memory, Mapping) else None,
        "gpus": _gpus(document.get("device")),
        "system": {"python": cpu.get("python_version")},
        "environment": None,
        "missing": missing,
        "imported": {"cpu_info": {key: cpu[key] for key in sorted(cpu) if key in _STABLE}},
    }


_STABLE = frozenset(
    (
        "cpuinfo_version_string",
        "hz_advertised_friendly",
        "l1_data_cache_size",
        "l1_instruction_cache_size",
        "l2_cache_size",
        "l2_cache_line_size",
        "l2_cache_associativity",
        "l3_cache_size",
    )
)


def _caches(cpu: Mapping[str, Any]) -> list[Json]:
    kinds = (
        ("l1_data_cache_size", 1, "data"),
        ("l1_instruction_cache_size", 1, "instruction"),
        ("l2_cache_size", 2, "unified"),
        ("l3_cache_size", 3, "unified"),
    )
    return [
        {"level": level, "type": kind, "bytes": size}
        for key, level, kind in kinds
        if isinstance(size := cpu.get(key), int)
    ]


def _summed(cpu: Mapping[str, Any]) -> bool:
    """py-cpuinfo writes bytes, or ``256 KiB`` where it had to ask lscpu."""
    return any(isinstance(value, str) for key, value in cpu.items() if key.endswith("cache_size"))


def _gpus(device: Mapping[str, Any] | None) -> list[Json]:
    described = (device or {}).get("physical_description")
    if not isinstance(described, Mapping):
        return []
    return [
        {
            "name": described.get("name"),
            "compute_capability": described.get("compute capability"),
            "bus": described.get("pci bus id"),
        }
    ]
