"""Along which axes records are compared, and what had to be said when they were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from orchestrator.model.experiment import Pairs

BY_PLATFORM = ("platform",)
"""The axes of a plan that does not say: the members of a partition are the platforms."""


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
