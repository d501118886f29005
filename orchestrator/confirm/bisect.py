"""Which of many changes take a platform out of its class, with few observations.

The changes are ordered so that each start of the list can be made as it stands. Where all of them
together change the class and none of them does not, some place in the list is where it changes:
it is found by halving. The change at that place either suffices, or needs some of those before
it, which are found in the same way with it made. One change that decides among n costs two
controls, ``ceil(log2(n))`` steps, one observation of it alone and one of all the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

State = frozenset[str]
"""Which changes are made; all others are not."""


@dataclass(frozen=True)
class Outcome:
    """What a state gave. ``group`` is its class; ``None``: nothing was observed, and why."""

    group: str | None
    reason: str = ""


class Exhausted(Exception):  # noqa: N818 - an end, not an error: what is known so far counts
    """The observer may not observe any more; the message says why."""


Observe = Callable[[State], Outcome]
Closure = Callable[[State], State]
"""A state with all that cannot be left unmade once its changes are."""


@dataclass(frozen=True)
class Cause:
    """A smallest set of changes that changes the class: without any one of them it stays."""

    changes: tuple[str, ...]
    """Several: an interaction, none of which changes the class without the others."""
    along: tuple[str, ...]
    """What could not be left unmade; made alone it does not change the class."""
    after: tuple[str, ...]
    """What had been changed before."""
    before_group: str
    after_group: str


@dataclass(frozen=True)
class Bisection:
    """What a search found between two platforms."""

    start: Outcome
    """With no change made."""
    end: Outcome
    """With all changes made."""
    causes: tuple[Cause, ...]
    idle: tuple[str, ...]
    """Made together, without the causes, they leave the class as it is."""
    bound: tuple[str, ...]
    """They cannot be made without a cause; beyond it they change nothing."""
    undecided: tuple[str, ...]
    """Neither: the search ended before, for ``reason``."""
    reason: str
    observations: int
    """How many different states were observed."""
    exhausted: bool = False
    """Whether the observer may not observe any more."""


def bisect(
    order: Sequence[str], closure: Closure, observe: Observe, *, first: int = 0
) -> Bisection:
    """Find every cause on the way from no change to all of ``order``.

    ``closure`` of each start of ``order`` is that start itself. The first step parts the list
    behind ``first`` changes, the likeliest. A state is observed once.
    """
    return _Search(tuple(order), closure, observe, first).run()


class _Unresolved(Exception):  # noqa: N818
    """The search cannot go on."""


class _Search:
    def __init__(
        self, order: tuple[str, ...], closure: Closure, observe: Observe, first: int
    ) -> None:
        self._likeliest = frozenset(order[:first])
        self._order = order
        self._closure = closure
        self._observe = observe
        self._seen: dict[State, Outcome] = {}
        self._causes: list[Cause] = []

    def run(self) -> Bisection:
        nothing: State = frozenset()
        everything = frozenset(self._order)
        idle: tuple[str, ...] = ()
        bound: tuple[str, ...] = ()
        reason, exhausted = "", False
        try:
            here, there = self._group(nothing), self._group(everything)
            idle, bound = self._from(nothing, here)
            while (made := self._made()) and self._group(made) != there:
                later, barred = self._from(made, self._group(made))
                bound = tuple(dict.fromkeys((*bound, *barred)))
                idle = tuple(name for name in idle if name in later)
        except (_Unresolved, Exhausted) as ended:
            reason, exhausted = str(ended), isinstance(ended, Exhausted)
        caused = {name for cause in self._causes for name in cause.changes}
        told = caused | set(idle) | set(bound)
        return Bisection(
            self._seen.get(nothing, Outcome(None, reason)),
            self._seen.get(everything, Outcome(None, reason)),
            tuple(self._causes),
            tuple(name for name in idle if name not in caused),
            tuple(name for name in bound if name not in caused and name not in idle),
            tuple(name for name in self._order if name not in told),
            reason,
            len(self._seen),
            exhausted,
        )

    def _from(self, base: State, group: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Every cause that leaves ``group`` from ``base``; then what is idle, and what is bound."""
        barred: set[str] = set()
        while True:
            free = [
                name
                for name in self._order
                if name not in base and not self._close({name}) & barred - base
            ]
            if not free or self._group(base | set(free)) == group:
                bound = (n for n in self._order if n not in base and n not in free)
                return tuple(free), tuple(bound)
            cause = self._smallest(base, free, group)
            self._causes.append(cause)
            barred |= set(cause.changes)

    def _smallest(self, base: State, order: Sequence[str], group: str) -> Cause:
        """A smallest set of ``order`` that leaves ``group`` from ``base``, as all of it does."""
        chosen: list[str] = []
        upper = list(order)
        while True:
            place = self._place(base | set(chosen), upper, group)
            chosen.append(upper[place])
            upper = upper[:place]
            if self._group(base | set(chosen)) != group:
                break
        place = 0
        while 1 < len(chosen) > place:
            without = chosen[:place] + chosen[place + 1 :]
            if self._group(base | set(without)) != group:
                chosen, place = without, 0
            else:
                place += 1
        made = self._close(base | set(chosen))
        along = [name for name in self._order if name in made - base and name not in chosen]
        if along and self._group(base | set(along)) != group:
            return self._smallest(base, along, group)
        return Cause(
            tuple(sorted(chosen, key=self._order.index)),
            tuple(along),
            tuple(name for name in self._order if name in base),
            group,
            self._group(made),
        )

    def _place(self, base: State, order: Sequence[str], group: str) -> int:
        """The place of a change with which ``order``, made from the start, leaves ``group``."""
        low, high = 0, len(order)
        while high - low > 1:
            middle = self._middle(base, order, low, high)
            stays = self._group(base | set(order[:middle])) == group
            low, high = (middle, high) if stays else (low, middle)
        return high - 1

    def _middle(self, base: State, order: Sequence[str], low: int, high: int) -> int:
        """The place nearest to the middle where something was observed."""
        half = (low + high) // 2
        likeliest = sum(name in self._likeliest for name in order)
        if (low, high) == (0, len(order)) and 0 < likeliest < high:
            half = likeliest
        nearest = sorted(range(low + 1, high), key=lambda place: abs(place - half))[:_TRIED]
        outcome = Outcome(None)
        for place in nearest:
            outcome = self._outcome(base | set(order[:place]))
            if outcome.group is not None:
                return place
        between = ", ".join(order[low:high])
        raise _Unresolved(f"among {between}: {outcome.reason}")

    def _made(self) -> State:
        return self._close({name for cause in self._causes for name in cause.changes})

    def _close(self, names: Iterable[str]) -> State:
        return self._closure(frozenset(names))

    def _group(self, names: Iterable[str]) -> str:
        outcome = self._outcome(names)
        if outcome.group is None:
            raise _Unresolved(outcome.reason)
        return outcome.group

    def _outcome(self, names: Iterable[str]) -> Outcome:
        state = self._close(names)
        if state not in self._seen:
            self._seen[state] = self._observe(state)
        return self._seen[state]


_TRIED = 3
"""Places tried where nothing was observed at the middle."""
