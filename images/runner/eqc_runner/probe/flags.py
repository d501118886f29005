"""CPUID feature bits by the names Linux uses, and where CPUID and the kernel disagree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterable

from .leaves import registers
from .tables import table

if TYPE_CHECKING:
    from .leaves import Leaves


def decode_flags(leaves: Leaves) -> list[str]:
    """The names of all set bits that ``data/x86_flags.json`` knows, sorted."""
    names = set()
    for row in table("x86_flags")["registers"]:
        values = registers(leaves, row["leaf"])
        if values is None:
            continue
        for bit, name in list(row["shown"].items()) + list(row["hidden"].items()):
            if values[row["register"]] >> int(bit) & 1:
                names.add(name)
    return sorted(names)


def disagreement(
    executed: Iterable[str], kernel: Iterable[str], compared: Iterable[str]
) -> dict[str, list[str]]:
    """The flags of ``compared`` that only CPUID (``executed``) or only the ``kernel`` reports."""
    ours, theirs, both = set(executed), set(kernel), set(compared)
    return {
        "only_cpuid": sorted((ours - theirs) & both),
        "only_kernel": sorted((theirs - ours) & both),
    }
