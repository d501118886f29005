"""Which CPU flags stand for SIMD instructions, and for which (``simd_flags.json``)."""

from __future__ import annotations

from orchestrator.catalog.data import read


def simd_meaning(flag: str) -> str | None:
    """What SIMD instructions ``flag`` stands for, in a few words; ``None``: none known."""
    known = read("simd_flags.json")
    meaning = known["float"].get(flag) or known["other"].get(flag)
    return None if meaning is None else str(meaning)


def is_float_simd(flag: str) -> bool:
    """Whether ``flag`` stands for vector arithmetic on floating-point numbers."""
    return flag in read("simd_flags.json")["float"]
