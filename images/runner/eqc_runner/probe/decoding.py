"""Decodes CPUID leaves. Pure functions, so recorded machines are decoded like the present one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .caches import decode_caches
from .flags import decode_flags
from .leaves import registers
from .tables import in_ranges, table

if TYPE_CHECKING:
    from .leaves import Leaves

_OSXSAVE = 27
_STATES = {"sse": 0x2, "avx": 0x6, "avx512": 0xE6, "amx": 0x60000}


def decode(leaves: Leaves) -> dict[str, Any]:
    """Everything that ``leaves`` state about the processor, by the names of a fingerprint.

    What they do not state is ``None``, and ``"missing"`` maps its name to the reason. Raises
    ``ValueError`` where leaf 0 or 1 is missing.
    """
    missing: dict[str, str] = {}
    vendor = _vendor(leaves)
    family, model, stepping = _signature(leaves)
    microarchitecture = microarchitecture_name(vendor, family, model, stepping)
    if microarchitecture is None:
        missing["microarchitecture"] = (
            f"no row in the table for {vendor} family {family} model {model} stepping {stepping}"
        )
    brand = _text(leaves, ("0x80000002.0", "0x80000003.0", "0x80000004.0"))
    if brand is None:
        missing["brand"] = "CPUID has no brand string"
    hypervisor = _hypervisor(leaves)
    if hypervisor is None:
        missing["hypervisor"] = "CPUID reports no hypervisor"
    caches = decode_caches(leaves)
    if caches is None:
        missing["caches"] = "CPUID describes no caches"
    return {
        "vendor": vendor,
        "brand": brand,
        "family": family,
        "model": model,
        "stepping": stepping,
        "microarchitecture": microarchitecture,
        "flags": decode_flags(leaves),
        "caches": caches,
        "hypervisor": hypervisor,
        "missing": missing,
    }


def microarchitecture_name(vendor: str, family: int, model: int, stepping: int) -> str | None:
    """The first matching row of ``data/x86_microarchitectures.json``; ``None``: unknown."""
    for row in table("x86_microarchitectures")["rows"]:
        if (
            row["vendor"] == vendor
            and row["family"] == family
            and in_ranges(model, row["models"])
            and in_ranges(stepping, row.get("steppings", "0-f"))
        ):
            return str(row["name"])
    return None


def can_read_xcr0(leaves: Leaves) -> bool:
    """Whether XGETBV may be executed: CPUID says that the operating system has enabled XSAVE."""
    features = registers(leaves, "0x1.0")
    return features is not None and bool(features["ecx"] >> _OSXSAVE & 1)


def decode_xcr0(value: int) -> dict[str, Any]:
    """Which register states the operating system saves; instructions that use others fault."""
    enabled = {name: value & mask == mask for name, mask in _STATES.items()}
    return {"value": f"0x{value:x}", **enabled}


def _vendor(leaves: Leaves) -> str:
    first = registers(leaves, "0x0.0")
    if first is None:
        raise ValueError("not a record of CPUID: leaf 0x0.0 is missing")
    return _characters([first["ebx"], first["edx"], first["ecx"]])


def _signature(leaves: Leaves) -> tuple[int, int, int]:
    """Family, model and stepping, extended as Linux extends them."""
    version = registers(leaves, "0x1.0")
    if version is None:
        raise ValueError("not a record of CPUID: leaf 0x1.0 is missing")
    eax = version["eax"]
    family, model, stepping = eax >> 8 & 0xF, eax >> 4 & 0xF, eax & 0xF
    if family == 0xF:
        family += eax >> 20 & 0xFF
    if family >= 6:
        model += (eax >> 16 & 0xF) << 4
    return family, model, stepping


def _hypervisor(leaves: Leaves) -> str | None:
    named = registers(leaves, "0x40000000.0")
    if named is None:
        return None
    return _characters([named["ebx"], named["ecx"], named["edx"]]).rstrip("\0") or None


def _text(leaves: Leaves, names: tuple[str, ...]) -> str | None:
    parts = [registers(leaves, name) for name in names]
    text = "".join(_characters(list(part.values())) for part in parts if part is not None)
    return text.split("\0")[0].strip() or None


def _characters(values: list[int]) -> str:
    return b"".join(value.to_bytes(4, "little") for value in values).decode("latin-1")
