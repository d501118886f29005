"""What an explanation claims, and the pairs of platforms on which it can be tried."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from orchestrator.results.explanation import Case, Explanation, Kind, MinimalSet

SETS = 16
"""Minimal sets that are tried, the likeliest first; what others claim is not judged."""
_PLATFORMS = 24
"""Platforms of a case among which the most alike are looked for."""


@dataclass(frozen=True)
class Claim:
    """An attribute that a minimal set names as a possible cause."""

    attribute: str
    kind: Kind


@dataclass(frozen=True)
class Pair:
    """A platform of one class and one of another."""

    before: str
    after: str
    before_class: int
    after_class: int


Unlike = Callable[[str, str], tuple[int, int]]
"""How unlike two platforms are: the differences that cannot be made here, then all of them."""


def claims(explanation: Explanation, sets: int = SETS) -> tuple[Claim, ...]:
    """Every attribute of the first ``sets`` minimal sets over the causes, each once."""
    found = {
        member: kind
        for given in _sets(explanation, sets)
        for cluster in given.clusters
        for member, kind in zip(cluster.members, cluster.kinds, strict=True)
    }
    return tuple(Claim(name, kind) for name, kind in found.items())


def pairs(explanation: Explanation, unlike: Unlike, sets: int = SETS) -> tuple[Pair, ...]:
    """Pairs such that each cluster of each set decides one, and that link all classes.

    A cluster decides a pair of platforms of two classes where the set says that they differ in it
    alone. There is such a pair for each cluster: without one, the set would not be minimal.
    """
    chosen: dict[frozenset[str], Pair] = {}
    for given in _sets(explanation, sets):
        place = {name: case for case in given.cases for name in case.platforms}
        for cluster in range(len(given.clusters)):
            if any(_decides(cluster, place, pair) for pair in chosen.values()):
                continue
            best = _best(_parted(given, cluster), unlike)
            if best is not None:
                chosen[frozenset((best.before, best.after))] = best
    for pair in _links(explanation, list(chosen.values()), unlike):
        chosen[frozenset((pair.before, pair.after))] = pair
    return tuple(chosen.values())


def unexplained(
    explanation: Explanation,
    explained: Callable[[str, str], bool],
    tried: Collection[frozenset[str]],
    unlike: Unlike,
) -> Pair | None:
    """A pair of platforms in different classes, not yet tried and not yet explained."""
    groups = _described(explanation)
    return _most_alike(
        (
            Pair(p, q, one, other)
            for one, other in combinations(sorted(groups), 2)
            for p in groups[one]
            for q in groups[other]
            if frozenset((p, q)) not in tried and not explained(p, q)
        ),
        unlike,
    )


def _sets(explanation: Explanation, sets: int) -> tuple[MinimalSet, ...]:
    return explanation.answers[0].sets[:sets] if explanation.answers else ()


def _decides(cluster: int, place: dict[str, Case], pair: Pair) -> bool:
    one, other = place.get(pair.before), place.get(pair.after)
    return one is not None and other is not None and _differ_in(one, other) == [cluster]


def _differ_in(one: Case, other: Case) -> list[int]:
    both = zip(one.combinations, other.combinations, strict=True)
    return [number for number, (mine, yours) in enumerate(both) if mine != yours]


def _parted(given: MinimalSet, cluster: int) -> Iterator[tuple[Case, Case]]:
    for one, other in combinations(given.cases, 2):
        if one.class_number != other.class_number and _differ_in(one, other) == [cluster]:
            yield one, other


def _best(cases: Iterator[tuple[Case, Case]], unlike: Unlike) -> Pair | None:
    found = (
        Pair(p, q, one.class_number, other.class_number)
        for one, other in cases
        for p in one.platforms[:_PLATFORMS]
        for q in other.platforms[:_PLATFORMS]
    )
    return _most_alike(found, unlike)


def _most_alike(found: Iterable[Pair], unlike: Unlike) -> Pair | None:
    return min(
        found,
        key=lambda pair: (unlike(pair.before, pair.after), pair.before, pair.after),
        default=None,
    )


def _described(explanation: Explanation) -> dict[int, list[str]]:
    """By class, the platforms that took part in the minimal sets."""
    known = {
        name for given in _sets(explanation, 1) for case in given.cases for name in case.platforms
    }
    return {
        one.number: [name for name in one.platforms if name in known][:_PLATFORMS]
        for one in explanation.classes
    }


def _links(explanation: Explanation, chosen: Sequence[Pair], unlike: Unlike) -> Iterator[Pair]:
    """Further pairs, until each class is linked with every other."""
    groups = _described(explanation)
    linked = {number: {number} for number, names in groups.items() if names}

    def link(one: int, other: int) -> None:
        together = linked[one] | linked[other]
        for number in together:
            linked[number] = together

    for pair in chosen:
        link(pair.before_class, pair.after_class)
    while True:
        apart = (
            Pair(p, q, one, other)
            for one, other in combinations(sorted(linked), 2)
            if other not in linked[one]
            for p in groups[one]
            for q in groups[other]
        )
        best = _most_alike(apart, unlike)
        if best is None:
            return
        link(best.before_class, best.after_class)
        yield best
