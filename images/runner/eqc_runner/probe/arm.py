"""Arm processors: MIDR_EL1 names the core, HWCAP and HWCAP2 its instruction sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .kernel import parse_cpuinfo
from .tables import table

if TYPE_CHECKING:
    from .leaves import Leaves


def decode_arm(leaves: Leaves, system_vendor: str | None = None) -> dict[str, Any]:
    """What ``MIDR_EL1``, ``HWCAP`` and ``HWCAP2`` say, by the names of a fingerprint.

    A product (Graviton, Altra) is named only where the firmware's ``system_vendor`` is evidence
    for it. What is not known is ``None``, and ``"missing"`` maps its name to the reason.
    """
    known: dict[str, Any] = {
        "missing": {
            "family": "Arm processors have no family",
            "hypervisor": "Arm has no instruction that names the hypervisor",
            "microcode": "Arm processors report none",
            "xcr0": "a register of x86",
        }
    }
    if "MIDR_EL1" in leaves:
        _decode_midr(int(leaves["MIDR_EL1"][0], 16), system_vendor, known)
    else:
        reason = "MIDR_EL1 is readable neither in /sys nor in /proc/cpuinfo nor as an instruction"
        for name in ("vendor", "brand", "model", "stepping", "microarchitecture"):
            known["missing"][name] = reason
    hwcap, hwcap2 = (int(leaves[name][0], 16) for name in ("HWCAP", "HWCAP2"))
    return {**known, "flags": decode_hwcaps(hwcap, hwcap2)}


def decode_hwcaps(hwcap: int, hwcap2: int) -> list[str]:
    """The names that arm64 Linux prints for the bits of AT_HWCAP and AT_HWCAP2, sorted."""
    names = table("arm_hwcaps")
    return sorted(
        name
        for value, key in ((hwcap, "hwcap"), (hwcap2, "hwcap2"))
        for bit, name in enumerate(names[key])
        if value >> bit & 1
    )


def midrs_in_cpuinfo(text: str) -> list[int]:
    """MIDR_EL1 of each processor in ``/proc/cpuinfo``, put together from its fields."""
    found = []
    for block in text.split("\n\n"):
        fields = parse_cpuinfo(block)
        names = ("CPU implementer", "CPU variant", "CPU part", "CPU revision")
        try:
            implementer, variant, part, revision = (int(fields[name], 0) for name in names)
        except (KeyError, ValueError):
            continue
        architecture = 0xF  # "by feature registers", as on every Armv8 processor
        found.append(implementer << 24 | variant << 20 | architecture << 16 | part << 4 | revision)
    return found


def _decode_midr(midr: int, system_vendor: str | None, known: dict[str, Any]) -> None:
    """Vendor, core and product. ``stepping`` is variant x 16 + revision (``r3p1`` is 49)."""
    cores = table("arm_cores")
    implementer, part = f"0x{midr >> 24 & 0xFF:02x}", f"{midr >> 4 & 0xFFF:03x}"
    core = cores["parts"].get(implementer, {}).get(part)
    known["vendor"] = cores["implementers"].get(implementer)
    known["brand"] = _product(core, system_vendor)
    known["model"] = int(part, 16)
    known["stepping"] = (midr >> 20 & 0xF) << 4 | midr & 0xF
    known["microarchitecture"] = core
    unknown = f"no row in the table for implementer {implementer}"
    if known["vendor"] is None:
        known["missing"]["vendor"] = unknown
    if core is None:
        known["missing"]["microarchitecture"] = unknown + " part 0x" + part
    if known["brand"] is None:
        known["missing"]["brand"] = "no brand string on Arm, and no evidence from the firmware"


def _product(core: str | None, system_vendor: str | None) -> str | None:
    for row in table("arm_cores")["products"]:
        if row["core"] == core and row["system_vendor"] == system_vendor:
            return str(row["name"])
    return None
