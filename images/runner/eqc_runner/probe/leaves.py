"""Which CPUID leaves are executed, and how they are written down.

A recorded machine is a mapping of ``"0x<leaf>.<subleaf>"`` to four hexadecimal numbers: eax,
ebx, ecx, edx. It is all that ``decoding.decode`` needs.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Callable, Dict, Iterator, List

from .tables import table

if TYPE_CHECKING:
    Execute = Callable[[int, int], "tuple[int, int, int, int]"]
    Leaves = Dict[str, List[str]]

MAXIMUM_SUBLEAVES = 16
_HYPERVISOR_BIT = 31
_CACHE_LEAVES = {"basic": "0x4", "extended": "0x8000001d"}


def collect(execute: Execute) -> Leaves:
    """All leaves of ``data/x86_leaves.json`` that this processor has, in a fixed order.

    ``execute`` runs CPUID for a leaf and a subleaf. A leaf beyond the last one that the processor
    reports is left out: CPUID would return the values of another leaf for it.
    """
    wanted = table("x86_leaves")
    found: Leaves = {}

    def take(name: str) -> None:
        leaf, subleaf = parse(name)
        found[name] = [f"0x{register:08x}" for register in execute(leaf, subleaf)]

    def take_range(kind: str, first: int) -> None:
        last = execute(first, 0)[0]
        for name in wanted[kind]:
            leaf, subleaf = parse(name)
            if first <= leaf <= last and (leaf != 7 or subleaf <= execute(7, 0)[0]):
                take(name)
        caches = _CACHE_LEAVES[kind]
        if first <= int(caches, 16) <= last:
            for subleaf in range(MAXIMUM_SUBLEAVES):
                if execute(int(caches, 16), subleaf)[0] & 0x1F == 0:
                    break
                take(f"{caches}.{subleaf}")

    take_range("basic", 0)
    if execute(1, 0)[2] >> _HYPERVISOR_BIT & 1:
        for name in wanted["hypervisor"]:
            take(name)
    take_range("extended", 0x80000000)
    return found


def registers(leaves: Leaves, name: str) -> dict[str, int] | None:
    """The four registers of one leaf by name, ``None`` if the processor has no such leaf."""
    if name not in leaves:
        return None
    return dict(zip(("eax", "ebx", "ecx", "edx"), (int(value, 16) for value in leaves[name])))


def parse(name: str) -> tuple[int, int]:
    """``"0x7.1"`` is leaf 7, subleaf 1."""
    leaf, _, subleaf = name.partition(".")
    return int(leaf, 16), int(subleaf or "0", 16)


@contextmanager
def on_one_core() -> Iterator[None]:
    """Stay on the first permitted core: some leaves name the core they were executed on."""
    try:
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(before)})
    except (AttributeError, OSError):  # no such call on this system, or not permitted
        yield
        return
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
