"""Vendor, signature and caches in the registers of CPUID, wherever software looks for them."""

from __future__ import annotations

from orchestrator.cpuid.bits import NOTHING, Leaves, Registers, replaced

INTEL, AMD = "GenuineIntel", "AuthenticAMD"
LARGEST_CACHE = {"l1d": 255 << 10, "l2": 65535 << 10, "l3": 16383 * (512 << 10)}
"""Bytes that AMD's leaves 0x80000005 and 0x80000006 can hold."""
CACHE_UNIT = {"l1d": 1 << 10, "l2": 1 << 10, "l3": 512 << 10}
"""The steps in which they do, in bytes."""
_CACHES = {"l1d": (1, 1), "l2": (2, 3), "l3": (3, 3)}
"""Level and type, as leaves 4 and 0x8000001d number them: 1 data, 3 unified."""
_MOST = 16
_DESCRIPTORS = {
    # Bytes of leaf 2 that say a size; Intel's manual, volume 2, CPUID.
    "l1d": "0a 0c 0d 0e 2c 60 66 67 68",
    "l2": "1d 21 24 41 42 43 44 45 48 4e 78 79 7a 7b 7c 7d 7f 80 82 83 84 85 86 87",
    "l3": "22 23 25 29 46 47 4a 4b 4c 4d d0 d1 d2 d6 d7 d8 dc dd de e2 e3 e4 ea eb ec",
}
_SEE_LEAF_4 = 0xFF


def vendor_of(leaves: Leaves) -> str:
    """The twelve characters of leaf 0."""
    _, ebx, ecx, edx = leaves.get("0x0.0", NOTHING)
    return b"".join(each.to_bytes(4, "little") for each in (ebx, edx, ecx)).decode("latin-1")


def signature_of(leaves: Leaves) -> dict[str, int]:
    """Family, model and stepping, extended as Linux extends them."""
    eax = leaves.get("0x1.0", NOTHING)[0]
    family, model = eax >> 8 & 0xF, eax >> 4 & 0xF
    if family == 0xF:
        family += eax >> 20 & 0xFF
    if family >= 6:
        model += (eax >> 16 & 0xF) << 4
    return {"family": family, "model": model, "stepping": eax & 0xF}


def caches_of(leaves: Leaves) -> dict[str, int]:
    """The bytes of ``l1d``, ``l2`` and ``l3``, of those that some leaf describes."""
    found: dict[str, int] = {}
    for leaf in ("0x4", "0x8000001d"):
        for name, (_, registers) in _entries(leaves, leaf).items():
            found.setdefault(name, _size(registers))
    if not found:
        first, outer = leaves.get("0x80000005.0", NOTHING), leaves.get("0x80000006.0", NOTHING)
        sizes = {
            "l1d": (first[2] >> 24) << 10,
            "l2": (outer[2] >> 16) << 10,
            "l3": (outer[3] >> 18) * CACHE_UNIT["l3"],
        }
        found = {name: size for name, size in sizes.items() if size}
    return found


def with_vendor(leaves: Leaves, vendor: str) -> Leaves:
    """Another maker's name, of twelve characters, and the caches where its CPUs tell them.

    Software looks where the vendor's CPUs keep them (Intel's in leaf 4, AMD's in 0x80000005,
    0x80000006 and 0x8000001d): without that a vendor alone would take the caches away, too.
    """
    a, b, c = (int.from_bytes(vendor[at : at + 4].encode(), "little") for at in (0, 4, 8))
    changed = dict(leaves)
    for name in ("0x0.0", "0x80000000.0"):
        changed[name] = replaced(changed.get(name, NOTHING), ebx=a, edx=b, ecx=c)
    if vendor == INTEL and "0x4.0" not in leaves:
        for index in range(_MOST):
            registers = leaves.get(f"0x8000001d.{index:x}")
            if registers is not None:
                changed[f"0x4.{index:x}"] = registers
    sizes = caches_of(leaves)
    if vendor == AMD:
        for name, size in sizes.items():
            _tell_amd(changed, name, size)
    return changed


def with_signature(leaves: Leaves, *, family: int, model: int, stepping: int) -> Leaves:
    """Another family (0 to 270), model (0 to 255) and stepping (0 to 15)."""
    changed = dict(leaves)
    base, extended = min(family, 0xF), max(family - 0xF, 0)
    eax = stepping | (model & 0xF) << 4 | base << 8 | model >> 4 << 16 | extended << 20
    kept = changed.get("0x1.0", NOTHING)[0] & 0xF000F000
    changed["0x1.0"] = replaced(changed.get("0x1.0", NOTHING), eax=eax | kept)
    if changed.get("0x80000001.0", NOTHING)[0]:  # AMD repeats it, Intel has 0 there
        changed["0x80000001.0"] = replaced(changed["0x80000001.0"], eax=eax | kept)
    return changed


def with_cache(leaves: Leaves, name: str, size: int) -> Leaves:
    """A cache of ``size`` bytes, a multiple of ``CACHE_UNIT``; ``name`` is l1d, l2 or l3.

    Told in every leaf that describes caches; where none does, in those of the vendor.
    """
    changed = dict(leaves)
    vendor = vendor_of(leaves)
    enumerated = [leaf for leaf in ("0x4", "0x8000001d") if f"{leaf}.0" in leaves]
    if not enumerated and vendor != AMD:
        enumerated = ["0x4"]
    for leaf in enumerated:
        entries = _entries(leaves, leaf)
        index, registers = entries.get(name, (_free(changed, leaf), _fresh(name)))
        changed[f"{leaf}.{index:x}"] = _sized(registers, name, size)
    if vendor == AMD or "0x80000005.0" in leaves or "0x80000006.0" in leaves:
        _tell_amd(changed, name, size)
    if "0x2.0" in leaves:
        changed["0x2.0"] = _without_descriptor(leaves["0x2.0"], name)
    return changed


def _entries(leaves: Leaves, leaf: str) -> dict[str, tuple[int, Registers]]:
    """By name: subleaf and registers."""
    found: dict[str, tuple[int, Registers]] = {}
    names = {kind: name for name, kind in _CACHES.items()}
    for index in range(_MOST):
        registers = leaves.get(f"{leaf}.{index:x}", NOTHING)
        name = names.get((registers[0] >> 5 & 7, registers[0] & 0x1F))
        if name is not None:
            found.setdefault(name, (index, registers))
    return found


def _free(leaves: Leaves, leaf: str) -> int:
    return next(index for index in range(_MOST) if f"{leaf}.{index:x}" not in leaves)


def _fresh(name: str) -> Registers:
    """Eight ways of 64 sets of 64 bytes; initialises itself."""
    level, kind = _CACHES[name]
    return kind | level << 5 | 1 << 8, 7 << 22 | 63, 63, 0


def _size(registers: Registers) -> int:
    _, ebx, ecx, _ = registers
    return ((ebx >> 22) + 1) * ((ebx >> 12 & 0x3FF) + 1) * ((ebx & 0xFFF) + 1) * (ecx + 1)


def _sized(registers: Registers, name: str, size: int) -> Registers:
    """The same line; a first cache grows by ways, as silicon's does, the others by sets."""
    eax, ebx, ecx, edx = registers
    line = (ebx & 0xFFF) + 1
    ways, sets = (ebx >> 22) + 1, ecx + 1
    if name == "l1d" and size % (sets * line) == 0 and size // (sets * line) <= 1024:
        ways = size // (sets * line)
    elif size % (ways * line) == 0:
        sets = size // (ways * line)
    else:
        ways, sets = 1, size // line
    return eax, (ways - 1) << 22 | line - 1, sets - 1, edx


def _tell_amd(leaves: dict[str, Registers], name: str, size: int) -> None:
    leaf = "0x80000005.0" if name == "l1d" else "0x80000006.0"
    before = leaves.get(leaf, NOTHING)
    if name == "l1d":
        # Eight ways, one line for each tag, lines of 64 bytes where nothing was said.
        ecx = before[2] & 0xFFFFFF or 8 << 16 | 1 << 8 | 64
        told = replaced(before, ecx=min(size >> 10, 0xFF) << 24 | ecx)
    elif name == "l2":
        told = replaced(before, ecx=min(size >> 10, 0xFFFF) << 16 | (before[2] & 0xFFFF or 0x6140))
    else:
        units = min(size // CACHE_UNIT["l3"], 0x3FFF)
        told = replaced(before, edx=units << 18 | (before[3] & 0x3FFFF or 0x8140))
    leaves[leaf] = told


def _without_descriptor(registers: Registers, name: str) -> Registers:
    """Leaf 2 without the byte that says this size, but with the one that refers to leaf 4."""
    known = {int(code, 16) for code in _DESCRIPTORS[name].split()}
    content = bytearray(b"".join(each.to_bytes(4, "little") for each in registers))
    # The first byte is a count; a register with its highest bit set has no descriptors.
    places = [at for at in range(1, 16) if not content[at // 4 * 4 + 3] & 0x80]
    found = [at for at in places if content[at] in known]
    for at in found:
        content[at] = 0
    if found and not any(content[at] == _SEE_LEAF_4 for at in places):
        content[found[0]] = _SEE_LEAF_4
    a, b, c, d = (int.from_bytes(content[at : at + 4], "little") for at in (0, 4, 8, 12))
    return a, b, c, d
