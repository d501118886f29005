"""Register states: XCR0, and the leaf that says how much memory saving them needs."""

from __future__ import annotations

from collections.abc import Collection

from orchestrator.cpuid.bits import NOTHING, Leaves, replaced

FLAGS_OF_STATES = {
    2: "avx",
    3: "mpx",
    4: "mpx",
    5: "avx512f",
    6: "avx512f",
    7: "avx512f",
    9: "pku",
    17: "amx_tile",
    18: "amx_tile",
    19: "apx",
}
"""Bit of XCR0 → the flag without which its instructions do not exist. Bits 0 and 1, x87 and SSE,
are there with XSAVE itself."""
_X87_AND_SSE = 0x3
_LEGACY_BYTES = 512 + 64
_STANDARD = {
    # Size, offset, aligned in the compacted form; Intel's, as in its manual, volume 1, 13.5.
    2: (256, 576, False),
    3: (64, 960, False),
    4: (64, 1024, False),
    5: (64, 1088, False),
    6: (512, 1152, False),
    7: (1024, 1664, False),
    9: (8, 2688, False),
    17: (64, 2752, True),
    18: (8192, 2816, True),
    19: (128, 960, False),
}


def saved_states(flags: Collection[str]) -> int:
    """XCR0 of a system that saves all that a CPU with ``flags`` has; 0 where it saves nothing."""
    if not {"xsave", "osxsave"} <= set(flags):
        return 0
    return _X87_AND_SSE | sum(1 << bit for bit, flag in FLAGS_OF_STATES.items() if flag in flags)


def with_states(leaves: Leaves, xcr0: int) -> Leaves:
    """``leaves`` whose leaf 0xd says that exactly the states of ``xcr0`` exist, and their sizes."""
    kept = {
        name: registers
        for name, registers in leaves.items()
        if not name.startswith("0xd.") or name in ("0xd.0", "0xd.1")
    }
    features = leaves.get("0xd.1", NOTHING)
    if not xcr0:
        return {**kept, "0xd.0": NOTHING, "0xd.1": replaced(features, ebx=0)}
    saved = [bit for bit in range(2, 63) if xcr0 >> bit & 1]
    parts = {bit: _part(leaves, bit) for bit in saved if _is_known(leaves, bit)}
    end = max((offset + size for size, offset, _ in parts.values()), default=_LEGACY_BYTES)
    compact = _LEGACY_BYTES
    for size, _, aligned in parts.values():
        compact = (-(-compact // 64) * 64 if aligned else compact) + size
    kept["0xd.0"] = (xcr0 & 0xFFFFFFFF, end, end, xcr0 >> 32)
    if features != NOTHING:
        kept["0xd.1"] = replaced(features, ebx=compact)
    for bit, (size, offset, aligned) in parts.items():
        kept[f"0xd.{bit:x}"] = leaves.get(f"0xd.{bit:x}", (size, offset, 2 * aligned, 0))
    return kept


def _is_known(leaves: Leaves, bit: int) -> bool:
    return f"0xd.{bit:x}" in leaves or bit in _STANDARD


def _part(leaves: Leaves, bit: int) -> tuple[int, int, bool]:
    """Size, offset and alignment: the CPU's own, where the table has them."""
    known = leaves.get(f"0xd.{bit:x}")
    return _STANDARD[bit] if known is None else (known[0], known[1], bool(known[2] >> 1 & 1))
