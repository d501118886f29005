"""A table of what a fingerprint says, also where only flags, vendor and signature are known."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.cpuid.bits import flag_bits, hidden_flags
from orchestrator.cpuid.encoding import AMD, CACHE_UNIT, INTEL, LARGEST_CACHE
from orchestrator.cpuid.models import answered
from orchestrator.cpuid.states import saved_states
from orchestrator.cpuid.table import CACHES, LONG_MODE, SIGNATURE, CpuidTable
from orchestrator.model.experiment import Scalar

TEMPLATES = {INTEL: "Skylake-Server", AMD: "EPYC", "HygonGenuine": "Dhyana"}
"""What stands for all that a fingerprint does not say: the QEMU model of the vendor."""


class NoTable(ValueError):  # noqa: N818 - what it is says more than that it is an error
    """A fingerprint that describes no x86-64 processor, or too little of it; says what."""


@dataclass(frozen=True)
class Described:
    """A processor, and what of it was not recorded."""

    table: CpuidTable
    assumed: tuple[str, ...] = ()
    """What was not recorded and is the template's: ``l1d 32 KiB as QEMU's EPYC``."""


def described(fingerprint: object) -> Described:
    """The processor of a fingerprint (docs/formats.md, section 4). Raises ``NoTable``."""
    if not isinstance(fingerprint, Mapping) or not isinstance(fingerprint.get("cpu"), Mapping):
        raise NoTable("it is no fingerprint: it has no 'cpu'")
    cpu: Mapping[str, Any] = fingerprint["cpu"]
    architecture = str(cpu.get("architecture") or "x86_64")
    if architecture.lower() not in ("x86_64", "amd64"):
        raise NoTable(f"it is of an {architecture} processor; only x86-64 has CPUID")
    leaves = cpu.get("leaves")
    if isinstance(leaves, Mapping) and "0x0.0" in leaves and "0x1.0" in leaves:
        return Described(_recorded(leaves, cpu.get("xcr0")))
    return _rebuilt(cpu)


def _recorded(leaves: Mapping[str, Any], xcr0: Any) -> CpuidTable:
    """Of the executed instructions themselves."""
    value = xcr0.get("value") if isinstance(xcr0, Mapping) else xcr0
    try:
        return CpuidTable.parse(leaves, value if isinstance(value, str) else None)
    except (AttributeError, TypeError, ValueError) as error:
        raise NoTable(f"its leaves cannot be read: {error}") from error


def _rebuilt(cpu: Mapping[str, Any]) -> Described:
    """Of the names of flags, over the template of the vendor."""
    vendor, flags = cpu.get("vendor"), cpu.get("flags") or cpu.get("flags_kernel")
    if not isinstance(vendor, str) or not isinstance(flags, list):
        missing = "vendor" if not isinstance(vendor, str) else "flags"
        raise NoTable(f"it has neither CPUID's leaves nor the processor's {missing}")
    model = TEMPLATES.get(vendor)
    if model is None:
        raise NoTable(f"of {vendor} only a fingerprint with CPUID's leaves will do")
    template = answered(model)
    names = _with_hidden(frozenset(map(str, flags)) & flag_bits().keys())
    if LONG_MODE not in names:
        raise NoTable("its flags have no 'lm': it has no 64-bit mode")
    values, assumed = _values(cpu, template, model)
    table = template.of_flags(names).replaced(**values)
    return Described(CpuidTable.of(table.leaves, saved_states(table.flags)), tuple(assumed))


def _with_hidden(flags: frozenset[str]) -> frozenset[str]:
    """With what a kernel does not print, and what runs a program of ours cannot be without."""
    printed = flags - hidden_flags()
    return printed | ({"osxsave"} if "xsave" in flags else set()) | (flags & hidden_flags())


def _values(
    cpu: Mapping[str, Any], template: CpuidTable, model: str
) -> tuple[dict[str, Scalar], list[str]]:
    values: dict[str, Scalar] = {}
    assumed: list[str] = []
    for name in SIGNATURE:
        number = cpu.get(name)
        if isinstance(number, int):
            values[name] = number
        else:
            assumed.append(f"{name} {template.signature[name]} as QEMU's {model}")
    sizes = _sizes(cpu.get("caches"))
    for name in CACHES:
        if name in sizes:
            values[name] = sizes[name]
        elif name in template.caches:
            assumed.append(f"{name} {template.caches[name] >> 10} KiB as QEMU's {model}")
    return values, assumed


def _sizes(caches: Any) -> dict[str, int]:
    """Those that leaves can hold."""
    found: dict[str, int] = {}
    for cache in caches if isinstance(caches, Collection) else ():
        level, kind, size = (cache.get(key) for key in ("level", "type", "bytes"))
        name = {1: "l1d", 2: "l2", 3: "l3"}.get(level)
        if name is None or kind == "instruction" or not isinstance(size, int):
            continue
        if size % CACHE_UNIT[name] == 0 and 0 < size <= LARGEST_CACHE[name]:
            found.setdefault(name, size)
    return found
