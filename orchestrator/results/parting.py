"""The first operator whose output parts two platforms; standard library only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Side:
    """One of the two platforms."""

    platform: str
    class_number: int | None
    """``None``: the two are not compared as classes."""
    kernels: tuple[str, ...]
    """What ran there, in words: ``gemm_api 192x288:288x48 (GEMM)``; empty: not known."""


@dataclass(frozen=True)
class Parting:
    """The first operator, in order of computation, whose output is another on each side.

    All that was recorded before it is equal, so its inputs are.
    """

    layer: str
    index: int
    """Its place in the order of computation."""
    operation: str | None
    bits: int | None
    """Leading mantissa bits on which its outputs agree; ``None``: they have no chains."""
    of_bits: int | None
    sides: tuple[Side, Side]
    unknown_before: int = 0
    """Layers before it that one of the sides lacks: it may have parted there."""
    cut: bool = False
    """Whether a side's layers are those of parts of the model that end there."""


@dataclass(frozen=True)
class Unparted:
    """Why no operator is named."""

    sides: tuple[Side, Side]
    reason: str
