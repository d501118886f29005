"""The ``cpu`` part of a fingerprint: executed, decoded, and compared with the kernel's view."""

from __future__ import annotations

import ctypes
import platform
import sys
from typing import Any

from . import arm, machine_code
from .decoding import can_read_xcr0, decode, decode_xcr0
from .flags import disagreement
from .kernel import kernel_flags, parse_cpuinfo, read_caches, read_text
from .leaves import collect, on_one_core
from .tables import table

_AT_HWCAP, _AT_HWCAP2 = 16, 26
_HWCAP_CPUID = 11
_MIDR_FILE = "/sys/devices/system/cpu/cpu0/regs/identification/midr_el1"
_NAMES = (
    "vendor",
    "brand",
    "family",
    "model",
    "stepping",
    "microarchitecture",
    "microcode",
    "flags",
    "flags_kernel",
    "disagreement",
    "caches",
    "hypervisor",
    "xcr0",
    "leaves",
)

QEMU_SIGNATURE = "TCGTCGTCGTCG"
"""The name that QEMU reports in the CPUID leaf for a hypervisor's name."""


def describe_processor() -> dict[str, Any]:
    """The ``cpu`` part of a fingerprint, with ``"missing"``: name to the reason it is ``None``."""
    machine = platform.machine()
    cpuinfo = read_text("/proc/cpuinfo") or ""
    fields = parse_cpuinfo(cpuinfo)
    if machine in ("x86_64", "AMD64") and sys.maxsize > 2**32:
        known = _x86()
    elif machine in ("aarch64", "arm64"):
        known = _arm64(cpuinfo)
    else:
        reason = f"the probe knows x86-64 and arm64, this process runs as {machine}"
        known = {"missing": dict.fromkeys(_NAMES, reason)}
    missing: dict[str, str] = known.pop("missing")
    known["flags_kernel"] = kernel_flags(fields)
    if known["flags_kernel"] is None:
        missing["flags_kernel"] = "not readable without /proc/cpuinfo"
    known["disagreement"] = _disagreement(machine, known, missing)
    known["microcode"] = _microcode(known, fields, missing)
    cpu = {name: known.get(name) for name in _NAMES}
    present = {name: reason for name, reason in missing.items() if cpu.get(name) is None}
    return {"architecture": machine, **cpu, "missing": present}


def _x86() -> dict[str, Any]:
    try:
        with on_one_core():
            leaves = collect(machine_code.cpuid)
    except machine_code.CannotExecute as error:
        reason = f"CPUID could not be executed: {error.strerror}"
        return {"missing": dict.fromkeys(_NAMES, reason)}
    known = decode(leaves)
    if can_read_xcr0(leaves):
        known["xcr0"] = decode_xcr0(machine_code.xgetbv())
    else:
        known["missing"]["xcr0"] = "CPUID reports that the system has not switched XSAVE on"
    return {**known, "leaves": leaves}


def _arm64(cpuinfo: str) -> dict[str, Any]:
    libc: Any = ctypes.CDLL(None)
    libc.getauxval.restype = ctypes.c_ulong
    libc.getauxval.argtypes = [ctypes.c_ulong]
    hwcap, hwcap2 = int(libc.getauxval(_AT_HWCAP)), int(libc.getauxval(_AT_HWCAP2))
    leaves = {"HWCAP": [f"0x{hwcap:x}"], "HWCAP2": [f"0x{hwcap2:x}"]}
    kernel = arm.midrs_in_cpuinfo(cpuinfo)
    midr = _midr(kernel, hwcap)
    if midr is not None:
        leaves["MIDR_EL1"] = [f"0x{midr:x}"]
    # Under emulation /sys is the host's: its caches and its vendor are not this processor's.
    same = midr in kernel
    vendor = (read_text("/sys/class/dmi/id/sys_vendor") or "").strip()
    known = arm.decode_arm(leaves, vendor if same else None)
    known["caches"] = (read_caches() or None) if same else None
    known["missing"]["caches"] = (
        "the kernel describes no caches in /sys"
        if same
        else "/sys is about another processor than MIDR_EL1"
    )
    return {**known, "leaves": leaves}


def _midr(kernel: list[int], hwcap: int) -> int | None:
    """MIDR_EL1, executed where the kernel permits it: under emulation that gives the model's."""
    if hwcap >> _HWCAP_CPUID & 1:
        try:
            with on_one_core():
                return machine_code.midr()
        except machine_code.CannotExecute:
            pass  # on a real machine the two files below have the same value
    text = read_text(_MIDR_FILE)
    return int(text, 16) if text else next(iter(kernel), None)


def _disagreement(
    machine: str, known: dict[str, Any], missing: dict[str, str]
) -> dict[str, list[str]] | None:
    flags, kernel = known.get("flags"), known["flags_kernel"]
    if flags is None or kernel is None:
        missing["disagreement"] = "one of the two lists of flags is missing"
        return None
    if machine in ("aarch64", "arm64"):
        hwcaps = table("arm_hwcaps")
        return disagreement(flags, kernel, hwcaps["hwcap"] + hwcaps["hwcap2"])
    return disagreement(flags, kernel, table("x86_flags")["compared"])


def _microcode(
    known: dict[str, Any], fields: dict[str, str], missing: dict[str, str]
) -> str | None:
    """The kernel's number; ``None`` where it describes another processor than CPUID does."""
    if "microcode" in missing:
        return None
    if "microcode" not in fields:
        missing["microcode"] = "/proc/cpuinfo does not say"
        return None
    kernel = [fields.get(name) for name in ("vendor_id", "cpu family", "model", "stepping")]
    executed = [str(known.get(name)) for name in ("vendor", "family", "model", "stepping")]
    executed[0] = executed[0].strip()  # "  Shanghai  ": the kernel's is stripped by its parser
    # QEMU may emulate a processor of the same kind as the host's.
    if kernel != executed or known.get("hypervisor") == QEMU_SIGNATURE:
        missing["microcode"] = "/proc/cpuinfo is about another processor than CPUID: {}".format(
            " ".join(value or "?" for value in kernel)
        )
        return None
    return fields["microcode"]
