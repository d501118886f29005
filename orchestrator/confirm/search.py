"""One explanation, tried: its pairs of platforms, the search on each, and the verdicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.confirm.bisect import Outcome, State, bisect
from orchestrator.confirm.hypotheses import Pair, claims, pairs, unexplained
from orchestrator.confirm.interventions import Attributes, Judge, Needing, Way, way
from orchestrator.confirm.verdicts import Tried, Where, covers, transitions, verdicts
from orchestrator.results.confirmation import AttributeVerdict
from orchestrator.results.explanation import Explanation, Kind


@dataclass(frozen=True, eq=False)
class Described:
    """The platforms of an explanation: what is known of them, and what can be changed here."""

    attributes: Mapping[str, Attributes]
    """By platform."""
    kinds: Mapping[str, Kind]
    """Of every attribute that may differ, also of those that explain nothing."""
    judge: Callable[[str, str], Judge]
    """What can be changed here on the way between two platforms."""
    needing: Needing

    def way(self, before: str, after: str, likely: frozenset[str]) -> Way:
        """From one platform to another."""
        ends = self.attributes[before], self.attributes[after]
        return way(*ends, self.kinds, self.judge(before, after), self.needing, likely)

    def unlike(self, before: str, after: str) -> tuple[int, int]:
        """How many differences cannot be made here, and how many there are."""
        between = self.way(before, after, frozenset())
        left = len(between.unchangeable)
        return left, left + len(between.changes)


Observer = Callable[[Pair, Way, State], Outcome]
"""The class of ``pair.before`` with these changes of the way made."""


FURTHER = 16
"""Pairs tried at most beyond those that the claims ask for."""
Plan = tuple[tuple[Pair, Way], ...]


def planned(explanation: Explanation, known: Described) -> Plan:
    """What will be tried, before anything is computed."""
    likely = frozenset(claim.attribute for claim in claims(explanation))
    chosen = pairs(explanation, known.unlike)
    return tuple((pair, known.way(pair.before, pair.after, likely)) for pair in chosen)


def tried(
    explanation: Explanation, known: Described, plan: Plan, observe: Observer
) -> tuple[Tried, ...]:
    """Every pair of ``plan``, searched; then others, until what was found tells all classes apart.

    Once the observer is exhausted, what is left is undecided.
    """
    found = [_searched(pair, between, observe) for pair, between in plan]
    likely = frozenset(claim.attribute for claim in claims(explanation))
    for _ in range(FURTHER):
        pair = _unexplained(explanation, known, found)
        if pair is None or any(one.found.exhausted for one in found):
            break
        before = transitions(found)
        further = known.way(pair.before, pair.after, likely)
        found.append(_searched(pair, further, observe))
        if transitions(found) == before:
            break
    return tuple(found)


def _unexplained(explanation: Explanation, known: Described, found: Sequence[Tried]) -> Pair | None:
    """The next pair, once something was found at all: where nothing can be, more pairs are none."""
    causes = transitions(found)

    def explained(before: str, after: str) -> bool:
        ends = known.attributes[before], known.attributes[after]
        return any(covers(cause, *ends) for cause in causes)

    pairs_tried = {frozenset((one.pair.before, one.pair.after)) for one in found}
    if not causes:
        return None
    return unexplained(explanation, explained, pairs_tried, known.unlike)


def _searched(pair: Pair, between: Way, observe: Observer) -> Tried:
    def of(state: State) -> Outcome:
        return observe(pair, between, state)

    order = tuple(one.name for one in between.changes)
    return Tried(pair, between, bisect(order, between.closure, of, first=between.likeliest))


def judged(
    explanation: Explanation, found: tuple[Tried, ...], where: Where = lambda *_: None
) -> tuple[AttributeVerdict, ...]:
    """What ``found`` says of each attribute of the minimal sets."""
    return verdicts(claims(explanation), found, where)
