"""Along which axes records are compared, and what had to be said when they were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from orchestrator.model.experiment import Pairs

BY_PLATFORM = ("platform",)
"""The axes of a plan that does not say: the members of a partition are the platforms."""


class Noun(NamedTuple):
    """What the members of a partition are called in all texts."""

    one: str
    many: str
    twins: str
    """Those that are alike in all that explains the classes."""

    def counted(self, number: int) -> str:
        """``1 platform``, ``2 members``."""
        return f"{number} {self.one if number == 1 else self.many}"

    def heads(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Heads of a table of platforms, for these members."""
        called = {PLATFORM.one: self.one, PLATFORM.many: self.many}
        return tuple(called.get(name, name) for name in names)


PLATFORM = Noun("platform", "platforms", "hardware twins")
MEMBER = Noun("member", "members", "twins")


def noun_of(axes: tuple[str, ...]) -> Noun:
    """Platforms only where nothing else is compared: ``local threads=4`` is no platform."""
    return PLATFORM if axes == BY_PLATFORM else MEMBER


class Comparison(NamedTuple):
    """What a plan asks to compare."""

    axes: tuple[str, ...] = BY_PLATFORM
    outputs: Pairs = ()
    """Names of outputs that are one: (in some members, in the others)."""


Computation = tuple[str, str, str]
"""(workload, input, variant), by label."""


@dataclass(frozen=True)
class Remarks:
    """What the partitions say beside their classes; all by the labels of the tables."""

    notes: Mapping[Computation, tuple[str, ...]] = field(default_factory=dict)
    incomparable: Mapping[tuple[Computation, str], Mapping[str, str]] = field(default_factory=dict)
    """By computation and output: the members whose output cannot be compared, and why."""
    mantissa: Mapping[tuple[Computation, str], int] = field(default_factory=dict)
    """By computation and output: mantissa bits of the narrowest type that was widened."""


NO_REMARKS = Remarks()
