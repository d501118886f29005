"""What experiments said of an explanation's attributes; standard library only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from orchestrator.results.explanation import AttributeValue, Explanation, Kind


class Verdict(StrEnum):
    """What is known of an attribute that an explanation names."""

    CONFIRMED = "confirmed"
    """Changed, and nothing else with it, it changes the class as claimed."""
    REFUTED = "refuted"
    """Changed, it leaves the class as it is."""
    UNTESTABLE = "untestable"
    """It cannot be changed alone here, or what was computed here shows nothing."""


@dataclass(frozen=True)
class Elsewhere:
    """A machine of the catalogue that would tell."""

    provider: str
    machine_type: str
    microarchitecture: str
    price_per_hour: float | None
    """US dollars on demand, in the cheapest region; ``None``: not known."""


@dataclass(frozen=True)
class FoundCause:
    """A smallest set of changes that changed the class."""

    attributes: tuple[str, ...]
    """Several: an interaction; none of them changes the class without the others."""
    values: tuple[tuple[AttributeValue, AttributeValue], ...]
    """(before, after) of each."""
    along: tuple[str, ...]
    """What could not be left unchanged; changed alone it does not change the class."""
    after: tuple[str, ...]
    """What had been changed before."""
    before_class: str
    after_class: str
    """Class numbers; ``other …`` for an output that no platform of the store gave."""


@dataclass(frozen=True)
class Trial:
    """The way from a platform of one class to one of another, made here."""

    before: str
    after: str
    """Platforms."""
    before_class: int
    after_class: int
    changes: tuple[str, ...]
    """The attributes that were changed on the way."""
    start: str
    end: str
    """What was computed at both ends: a class number, ``other …``, or why there is nothing."""
    reproduced: tuple[bool, bool]
    """Whether the two ends gave the classes of the platforms that they stand for."""
    causes: tuple[FoundCause, ...]
    observations: int
    """Sessions that the search rests on, stored ones included."""
    reason: str = ""
    """Why the search ended early."""

    @property
    def sound(self) -> bool:
        """Whether both ends gave the classes of the platforms that they stand for."""
        return all(self.reproduced)


@dataclass(frozen=True)
class AttributeVerdict:
    """What is known of one attribute of the minimal sets."""

    attribute: str
    kind: Kind
    verdict: Verdict
    reason: str
    """The evidence, or why there is none, for people."""
    together: tuple[str, ...] = ()
    """Confirmed with these only: none of them changes the class without the others."""
    claimed: bool = True
    """Whether a minimal set names it; else it was found on the way."""
    trial: int | None = None
    """Index into ``Confirmation.trials`` of what decided."""
    elsewhere: Elsewhere | None = None


@dataclass(frozen=True)
class ConfirmedPartition:
    """A partition that the experiments are of."""

    workload: str
    input: str
    variant: str
    output: str
    ids: tuple[tuple[int, str], ...]
    """(class number, class id)."""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """(workload, input, variant, output)."""
        return (self.workload, self.input, self.variant, self.output)


@dataclass(frozen=True)
class Confirmation:
    """All that the experiments on one explanation said."""

    partitions: tuple[ConfirmedPartition, ...]
    verdicts: tuple[AttributeVerdict, ...]
    """One per attribute of the minimal sets, confirmed ones first."""
    trials: tuple[Trial, ...]
    host: str
    """The CPU that stood in for the others."""
    sessions: int
    """How many were computed for it."""
    seconds: float
    recorded: str = ""
    """UTC, ISO 8601."""
    notes: tuple[str, ...] = ()

    def of(self, verdict: Verdict) -> tuple[AttributeVerdict, ...]:
        """Those with this verdict."""
        return tuple(one for one in self.verdicts if one.verdict is verdict)


def known_of(
    explanation: Explanation, confirmations: Sequence[Confirmation]
) -> Confirmation | None:
    """The last confirmation of one of the explanation's partitions, with the same classes.

    Classes are the same by number and id: what was said of class 2 is said of no other.
    """
    numbers = [group.number for group in explanation.classes]
    known = {one.key: {*zip(numbers, one.ids, strict=True)} for one in explanation.partitions}
    for one in reversed(confirmations):
        if any({*part.ids} == known.get(part.key) for part in one.partitions):
            return one
    return None
