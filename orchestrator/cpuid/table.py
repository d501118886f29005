"""What CPUID and XGETBV answer on one processor, and the same processor with changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from orchestrator.cpuid.bits import (
    NOTHING,
    REGISTERS,
    Leaves,
    Registers,
    flags_of,
    number,
    with_bits,
)
from orchestrator.cpuid.dependencies import closure
from orchestrator.cpuid.encoding import (
    caches_of,
    signature_of,
    vendor_of,
    with_cache,
    with_signature,
    with_vendor,
)
from orchestrator.cpuid.states import saved_states, with_states
from orchestrator.model.experiment import Json, Scalar, content_id
from orchestrator.model.machine import Presented

LONG_MODE = "lm"
"""The flag of a 64-bit mode: without it no program of ours runs."""
SIGNATURE = ("family", "model", "stepping")
CACHES = ("l1d", "l2", "l3")
_TILES = {
    # One palette of eight tiles of 16 rows and 64 bytes; Intel's manual, volume 2, CPUID.
    "0x1d.0": (1, 0, 0, 0),
    "0x1d.1": (0x04002000, 0x00080040, 0x00000010, 0),
    "0x1e.0": (0, 0x00004010, 0, 0),
}

_OF_TILES = (0x1D, 0x1E)


@dataclass(frozen=True)
class CpuidTable:
    """The answers of one processor."""

    leaves: Leaves
    """By ``0x<leaf>.<subleaf>``: eax, ebx, ecx, edx; a leaf that is not there is 0."""
    xcr0: int
    """What XGETBV answers: the register states that the operating system saves."""

    @classmethod
    def of(cls, leaves: Mapping[str, Registers], xcr0: int | None = None) -> CpuidTable:
        """``xcr0`` is that of a system that saves everything, where nothing else is said."""
        known = {name: each for name, each in leaves.items() if any(each)}
        in_order = dict(sorted(known.items(), key=lambda item: number(item[0])))
        saved = saved_states(flags_of(in_order)) if xcr0 is None else xcr0
        return cls(MappingProxyType(in_order), saved)

    @classmethod
    def parse(
        cls, leaves: Mapping[str, str | Sequence[str]], xcr0: str | None = None
    ) -> CpuidTable:
        """From hexadecimal text: ``{"0x1.0": "306c4 100800 …"}`` or four words each.

        Raises ``ValueError`` for anything else.
        """
        parsed: dict[str, Registers] = {}
        for name, value in leaves.items():
            words = value.split() if isinstance(value, str) else value
            eax, ebx, ecx, edx = (int(word, 16) for word in words)
            number(name)
            if not all(0 <= each < 1 << 32 for each in (eax, ebx, ecx, edx)):
                raise ValueError(f"leaf {name}: a register has 32 bits")
            parsed[name] = (eax, ebx, ecx, edx)
        return cls.of(parsed, None if xcr0 is None else int(xcr0, 16))

    @cached_property
    def flags(self) -> frozenset[str]:
        """By the names that a fingerprint has."""
        return flags_of(self.leaves)

    @property
    def vendor(self) -> str:
        """``GenuineIntel``."""
        return vendor_of(self.leaves)

    @property
    def signature(self) -> Mapping[str, int]:
        """``family``, ``model`` and ``stepping``."""
        return signature_of(self.leaves)

    @property
    def caches(self) -> Mapping[str, int]:
        """Bytes of ``l1d``, ``l2`` and ``l3``, of those that it tells."""
        return caches_of(self.leaves)

    @cached_property
    def digest(self) -> str:
        """16 hex digits of everything that it answers."""
        rows: list[Json] = [[name, *registers] for name, registers in self.leaves.items()]
        return content_id(["cpuid", self.xcr0, rows])

    def without(self, flags: Iterable[str]) -> CpuidTable:
        """This processor less ``flags`` and all that need them; ``KeyError`` for an unknown one."""
        gone = closure(flags)
        unknown = gone - self.flags
        with_bits(self.leaves, off=set(flags) & unknown)  # names it, if it is no flag at all
        return self._with_flags(self.flags - gone)

    def with_flags(self, flags: Iterable[str]) -> CpuidTable:
        """This processor with more flags; ``KeyError`` for an unknown one."""
        return self._with_flags(self.flags | frozenset(flags))

    def of_flags(self, flags: Iterable[str]) -> CpuidTable:
        """This processor with exactly these flags; ``KeyError`` for an unknown one."""
        return self._with_flags(frozenset(flags))

    def replaced(self, **values: Scalar) -> CpuidTable:
        """Another ``vendor`` (text), ``l1d``, ``l2``, ``l3`` (bytes), ``family``, ``model``,
        ``stepping``."""
        leaves = self.leaves
        if "vendor" in values:
            leaves = with_vendor(leaves, str(values["vendor"]))
        if any(name in values for name in SIGNATURE):
            asked = {name: int(str(values[name])) for name in SIGNATURE if name in values}
            leaves = with_signature(leaves, **{**self.signature, **asked})
        for name in CACHES:
            if name in values:
                leaves = with_cache(leaves, name, int(str(values[name])))
        return CpuidTable.of(leaves, self.xcr0)

    @classmethod
    def of_presented(cls, presented: Presented) -> CpuidTable:
        """The table that was made text."""
        return cls.parse(dict(presented.leaves), presented.xcr0)

    def presented(self, name: str, assumed: tuple[str, ...] = ()) -> Presented:
        """For a machine, as text: what its job says."""
        texts = tuple((leaf, _words(registers)) for leaf, registers in self.leaves.items())
        return Presented(name, texts, f"{self.xcr0:#x}", assumed)

    def _with_flags(self, flags: Collection[str]) -> CpuidTable:
        wanted, has = frozenset(flags), self.flags
        if wanted == has:
            return self
        leaves = with_bits(self.leaves, on=wanted - has, off=has - wanted)
        before, after = saved_states(has), saved_states(wanted)
        # States that this system does not save, though its processor has them, stay unsaved.
        xcr0 = self.xcr0 & after | after & ~before
        if xcr0 != self.xcr0:
            leaves = with_states(leaves, xcr0)
        tiles = "amx_tile" in wanted
        if tiles != ("amx_tile" in has):
            other = {
                name: each for name, each in leaves.items() if number(name)[0] not in _OF_TILES
            }
            leaves = {**other, **_TILES} if tiles else other
        return CpuidTable.of(leaves, xcr0)


def _words(registers: Registers) -> tuple[str, str, str, str]:
    eax, ebx, ecx, edx = (f"0x{each:08x}" for each in registers)
    return eax, ebx, ecx, edx


__all__ = ["CACHES", "LONG_MODE", "NOTHING", "REGISTERS", "SIGNATURE", "CpuidTable"]
