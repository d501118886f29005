"""The single changes that lead from one platform to another, and what cannot be changed here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from orchestrator.confirm.bisect import State
from orchestrator.results.explanation import AttributeValue, Kind

Attributes = Mapping[str, AttributeValue]
"""What is known of a platform, by the names of the explanation."""


class Means(StrEnum):
    """With what an attribute is changed."""

    CPUID = "cpuid"
    """CPUID answers for another CPU, at native speed."""
    EMULATED = "emulated"
    """QEMU emulates another CPU."""
    THREADS = "threads"
    """The number of threads that the framework is asked for stands for the cores that it finds."""
    ENVIRONMENT = "environment"
    """A variable."""
    SETTING = "setting"
    """A flag of the variant, or its batch."""


@dataclass(frozen=True)
class Change:
    """What is changed in one step: one attribute, with those that are the same thing."""

    name: str
    attributes: tuple[str, ...]
    kind: Kind
    before: AttributeValue
    after: AttributeValue
    means: Means


@dataclass(frozen=True)
class Unchangeable:
    """A difference that cannot be made here."""

    attribute: str
    kind: Kind
    reason: str


@dataclass(frozen=True)
class Way:
    """From one platform to another: what can be changed, in an order, and what cannot."""

    changes: tuple[Change, ...]
    """In an order of which each start can be made as it stands; ``likeliest`` of them first."""
    unchangeable: tuple[Unchangeable, ...]
    likeliest: int
    forced: Mapping[str, frozenset[str]]
    """By change, the changes that it cannot be made without, itself included."""

    def closure(self, state: State) -> State:
        """``state`` with all that cannot be left unmade."""
        return state.union(*(self.forced[name] for name in state))

    def change(self, name: str) -> Change:
        """The change called ``name``."""
        return next(one for one in self.changes if one.name == name)


Judge = Callable[[str, Kind, AttributeValue, AttributeValue], Means | str]
"""With what an attribute goes from one value to another here; a text: why it cannot."""
Needing = Callable[[str], Collection[str]]
"""The flags that need a flag, themselves or through others."""

ONE_THING: Mapping[str, str] = {
    "usable cores": "cores",
    "core bin": "cores",
    "CPU stepping": "CPU model",
    "avx state saved": "avx",
    "avx512 state saved": "avx512f",
    "amx state saved": "amx_tile",
}
"""Attributes that are the same thing as another one, and change with it."""


def way(
    before: Attributes,
    after: Attributes,
    kinds: Mapping[str, Kind],
    judge: Judge,
    needing: Needing,
    likely: Collection[str] = (),
) -> Way:
    """All differences between two platforms. ``likely``: the attributes to be tried first."""
    differing = [
        name
        for name in kinds
        if before.get(name) is not None
        and after.get(name) is not None
        and (type(before[name]), before[name]) != (type(after[name]), after[name])
    ]
    together: dict[str, list[str]] = {}
    for name in differing:
        leading = ONE_THING.get(name, name)
        together.setdefault(leading if leading in differing else name, []).append(name)
    changes: dict[str, Change] = {}
    unchangeable: list[Unchangeable] = []
    for name, members in together.items():
        means = judge(name, kinds[name], before[name], after[name])
        if isinstance(means, Means):
            both = before[name], after[name]
            changes[name] = Change(name, tuple(members), kinds[name], *both, means)
        else:
            unchangeable += [Unchangeable(each, kinds[each], means) for each in members]
    forced = _forced(changes, needing)
    # In a closed set what others force has fewer forced of its own, so it comes before them.
    first = frozenset().union(
        *(forced[n] for n in changes if set(likely) & {*changes[n].attributes})
    )
    order = sorted(changes, key=lambda name: (name not in first, len(forced[name]), name))
    return Way(tuple(changes[n] for n in order), tuple(unchangeable), len(first), forced)


def _forced(changes: Mapping[str, Change], needing: Needing) -> dict[str, frozenset[str]]:
    """A flag goes with those that need it, and comes with those that it needs."""
    flags = [one for one in changes.values() if one.kind is Kind.FLAG]
    gone = {one.name for one in flags if not one.after}
    come = {one.name for one in flags if one.after}
    forced = {name: {name} for name in changes}
    for name in gone:
        forced[name] |= gone & set(needing(name))
    for name in come:
        for other in come & set(needing(name)):
            forced[other].add(name)
    return {name: frozenset(_closed(name, forced)) for name in changes}


def _closed(name: str, forced: Mapping[str, Iterable[str]]) -> set[str]:
    found, new = {name}, [name]
    while new:
        for other in forced[new.pop()]:
            if other not in found:
                found.add(other)
                new.append(other)
    return found
