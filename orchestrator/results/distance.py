"""How far two outputs are apart, in every unit that is known. Standard library only.

Distances never make two outputs one: classes are defined by bits alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.results.consequences import Flips


@dataclass(frozen=True)
class Distance:
    """Of two outputs, or the largest of several pairs. ``None``: not known, see ``unknown``."""

    bits: int | None = None
    """Remaining precision: leading mantissa bits, 0…``of_bits``, on which all elements agree."""
    of_bits: int | None = None
    """Mantissa bits of the type; of the narrower one of two."""
    largest_absolute: float | None = None
    """max |x - y|; infinite where one side alone is infinite."""
    largest_relative: float | None = None
    """max |x - y| / max(|x|, |y|), and 0 where x = y."""
    largest_ulps: int | None = None
    """Steps from one value to the next of the type; -0 and 0 are one value."""
    unordered: int = 0
    """Elements with a NaN on one side, or NaNs with other bits: they count in no number above."""
    flips: Flips | None = None
    """Of a matrix with two columns or more; ``None``: the output does not look like scores."""
    unknown: tuple[str, ...] = ()
    """What is not known, and why: ``no tensor of 0123456789ab is stored``."""
    measured: bool = False
    """Whether tensors were compared: of two outputs, or of some pair."""
