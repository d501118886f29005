"""Which bit of CPUID each flag is. The probe's table is the only one: here it is read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from orchestrator.system.paths import runner_path

Registers = tuple[int, int, int, int]
"""eax, ebx, ecx, edx of one leaf, 32 bits each."""
Leaves = Mapping[str, Registers]
"""By ``0x<leaf>.<subleaf>``; a leaf that is not there is 0."""
REGISTERS = ("eax", "ebx", "ecx", "edx")
NOTHING: Registers = (0, 0, 0, 0)
_TABLE = "eqc_runner/probe/data/x86_flags.json"


class FlagBit(NamedTuple):
    """Where a flag is."""

    leaf: str
    register: int
    """Its place in ``REGISTERS``."""
    bit: int


@cache
def flag_bits() -> Mapping[str, FlagBit]:
    """Every flag that a fingerprint can name, by the name that Linux gives it."""
    rows = json.loads((runner_path() / _TABLE).read_bytes())["registers"]
    return MappingProxyType(
        {
            name: FlagBit(row["leaf"], REGISTERS.index(row["register"]), int(bit))
            for row in rows
            for bit, name in (*row["shown"].items(), *row["hidden"].items())
        }
    )


@cache
def hidden_flags() -> frozenset[str]:
    """Those that Linux does not print: lists of the kernel's flags never have them."""
    rows = json.loads((runner_path() / _TABLE).read_bytes())["registers"]
    return frozenset(name for row in rows for name in row["hidden"].values())


def flags_of(leaves: Leaves) -> frozenset[str]:
    """The flags whose bits are set."""
    return frozenset(
        name
        for name, (leaf, register, bit) in flag_bits().items()
        if leaves.get(leaf, NOTHING)[register] >> bit & 1
    )


def with_bits(leaves: Leaves, *, on: Iterable[str] = (), off: Iterable[str] = ()) -> Leaves:
    """``leaves`` with flags set and cleared; leaf and subleaf numbers grow where that is needed.

    Raises ``KeyError`` for a flag that has no bit.
    """
    changed = dict(leaves)
    for names, value in ((off, 0), (on, 1)):
        for name in names:
            leaf, register, bit = flag_bits()[name]
            before = changed.get(leaf, NOTHING)
            registers = list(before)
            registers[register] = before[register] & ~(1 << bit) | value << bit
            changed[leaf] = _four(registers)
            if value:
                _reach(changed, leaf)
    return changed


def replaced(registers: Registers, **values: int) -> Registers:
    """``registers`` with other values by name: ``eax=1``."""
    return _four([values.get(name, old) for name, old in zip(REGISTERS, registers, strict=True)])


def number(name: str) -> tuple[int, int]:
    """``"0xd.11"`` is (13, 17)."""
    leaf, _, subleaf = name.partition(".")
    return int(leaf, 16), int(subleaf, 16)


def _four(values: list[int]) -> Registers:
    eax, ebx, ecx, edx = values
    return eax, ebx, ecx, edx


def _reach(leaves: dict[str, Registers], name: str) -> None:
    """Let the first leaf of the range, and of leaf 7, admit that there is ``name``."""
    leaf, subleaf = number(name)
    first = "0x80000000.0" if leaf >= 0x80000000 else "0x0.0"
    for counted, least in ((first, leaf), *((("0x7.0", subleaf),) if leaf == 7 else ())):
        known = leaves.get(counted, NOTHING)
        leaves[counted] = replaced(known, eax=max(known[0], least))
