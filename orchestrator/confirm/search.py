"""One explanation, tried: its pairs of platforms, the search on each, and the verdicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from orchestrator.confirm.bisect import Outcome, State, bisect
from orchestrator.confirm.hypotheses import Pair, claims, pairs, unexplained
from orchestrator.confirm.interventions import Attributes, Judge, Needing, Way, way
from orchestrator.confirm.verdicts import Tried, Where, confirmed, verdicts
from orchestrator.results.confirmation import AttributeVerdict
from orchestrator.results.explanation import Explanation, Kind


@dataclass(frozen=True, eq=False)
class Described:
    """The platforms of an explanation: what is known of them, and what can be changed here."""

    attributes: Mapping[str, Attributes]
    """By platform."""
    kinds: Mapping[str, Kind]
    """Of every attribute that may differ, also of those that explain nothing."""
    judge: Judge
    needing: Needing

    def way(self, before: str, after: str, likely: frozenset[str]) -> Way:
        """From one platform to another."""
        ends = self.attributes[before], self.attributes[after]
        return way(*ends, self.kinds, self.judge, self.needing, likely)


Observer = Callable[[Pair, Way, State], Outcome]
"""The class of ``pair.before`` with these changes of the way made."""


Plan = tuple[tuple[Pair, Way], ...]


def planned(explanation: Explanation, known: Described) -> Plan:
    """What will be tried, before anything is computed."""
    likely = frozenset(claim.attribute for claim in claims(explanation))
    chosen = pairs(explanation, lambda p, q: _unlike(known, p, q))
    return tuple((pair, known.way(pair.before, pair.after, likely)) for pair in chosen)


def tried(
    explanation: Explanation, known: Described, plan: Plan, observe: Observer
) -> tuple[Tried, ...]:
    """Every pair of ``plan``, searched; then others, until what was found tells all classes apart.

    Once the observer is exhausted, what is left is undecided.
    """
    found = [_searched(pair, between, observe) for pair, between in plan]
    likely = frozenset(claim.attribute for claim in claims(explanation))
    while not any(one.found.exhausted for one in found):
        causes = confirmed(found)
        pair = unexplained(
            explanation,
            lambda name: tuple(repr(known.attributes[name].get(cause)) for cause in causes),  # noqa: B023
            {frozenset((one.pair.before, one.pair.after)) for one in found},
            lambda p, q: _unlike(known, p, q),
        )
        if not causes or pair is None:
            break
        further = _searched(pair, known.way(pair.before, pair.after, likely), observe)
        found.append(further)
        if confirmed(found) == causes:
            break
    return tuple(found)


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


def _unlike(known: Described, before: str, after: str) -> tuple[int, int]:
    between = known.way(before, after, frozenset())
    left = len(between.unchangeable)
    return left, left + len(between.changes)
