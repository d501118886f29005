"""The smallest sets of settings with the fewest classes. Pure: what is computed comes by a call.

A *class* is a set of platforms that gave the same; a platform that gave nothing under a set is in
none, and such a set is no answer. Sets are tried by size. A set is given up as soon as the
platforms seen so far form more classes than an answer may have: more platforms never form fewer.
Two rules say what larger sets need not be tried:

- a setting that alone changes nothing on any platform, unless it is known to act with others;
- a setting with which, alone, a platform gives nothing.

Within these rules the answers are those of trying every set on every platform.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from orchestrator.agree.settings import Setting, SettingSet, is_consistent, ordered

SIZE = 3
"""The largest sets that are tried."""
_AT_FIRST = 2
"""On how many platforms every set of a batch is tried before any is tried on more."""
_BATCH = 8
"""Sets that are tried together: the most promising ones come first."""


@dataclass(frozen=True)
class Failed:
    """A platform gave nothing. ``reason``: one line."""

    reason: str


Gave = str | Failed
"""What a platform gave: equal texts are equal bits of all outputs."""
Ask = tuple[SettingSet, str]
"""A set of settings, and a platform."""
Observe = Callable[[Sequence[Ask]], Mapping[Ask, Gave]]
"""Computes what is asked. What it leaves out was not computed, as where time was over."""


@dataclass(eq=False)
class Trial:
    """What the platforms gave under one set of settings, as far as they were asked."""

    settings: SettingSet
    gave: dict[str, Gave] = field(default_factory=dict)

    @property
    def least(self) -> int:
        """How many classes there are at least."""
        return len({given for given in self.gave.values() if isinstance(given, str)})

    @property
    def failed(self) -> dict[str, str]:
        """Why platforms gave nothing, by their names."""
        return {p: given.reason for p, given in self.gave.items() if isinstance(given, Failed)}

    def is_complete(self, platforms: Iterable[str]) -> bool:
        """Whether each of ``platforms`` gave something."""
        return all(isinstance(self.gave.get(platform), str) for platform in platforms)

    def classes(self) -> tuple[tuple[str, ...], ...]:
        """The platforms of each class, in the order in which they were asked."""
        groups: dict[str, list[str]] = {}
        for platform, given in self.gave.items():
            if isinstance(given, str):
                groups.setdefault(given, []).append(platform)
        return tuple(tuple(group) for group in groups.values())


@dataclass(frozen=True)
class Found:
    """What a search found."""

    before: Trial
    """Without any setting."""
    platforms: tuple[str, ...]
    """Those that are compared: what gives nothing without any setting is not among them."""
    unobserved: tuple[str, ...]
    """Those that were not observed without any setting, as where time was over: while there are
    such, nothing is searched."""
    answers: tuple[Trial, ...]
    """The smallest sets with the fewest classes, by what is set; none where no set has fewer
    classes than ``before``."""
    incomplete: tuple[Trial, ...]
    """Sets under which a platform gave nothing: never answers, however few classes are left."""
    idle: tuple[Setting, ...]
    """What alone changes nothing on any platform."""
    untried: int
    """Sets that could still be answers, and were not observed far enough to know."""
    tried: int
    """Sets of which anything was observed, the empty one not counted."""

    @property
    def classes(self) -> int:
        """How many classes are left with an answer."""
        return self.answers[0].least if self.answers else self.before.least


def search(
    candidates: Sequence[Setting],
    platforms: Sequence[str],
    observe: Observe,
    *,
    interacting: frozenset[Setting] = frozenset(),
    size: int = SIZE,
) -> Found:
    """The smallest sets of ``candidates``, up to ``size``, with the fewest classes.

    ``platforms``: the quick ones first. ``interacting``: settings that are tried with others
    though alone they change nothing.
    """
    return _Search(observe, interacting).run(candidates, platforms, size)


class _Search:
    def __init__(self, observe: Observe, interacting: frozenset[Setting]) -> None:
        self._observe = observe
        self._interacting = interacting
        self._platforms: tuple[str, ...] = ()
        self._trials: dict[SettingSet, Trial] = {}
        self._untried = 0

    def run(self, candidates: Sequence[Setting], platforms: Sequence[str], size: int) -> Found:
        before = self._trial(frozenset())
        self._ask({before: platforms})
        self._platforms = spread(before, platforms)
        unobserved = tuple(platform for platform in platforms if platform not in before.gave)
        if unobserved:
            self._untried = len(candidates)
            return self._found(before, [], candidates, unobserved)
        best, answers = before.least, list[Trial]()
        settings, level = list(candidates), 1
        while best > 1 and level <= size and len(settings) >= level:
            found = self._level(self._sets(settings, level), best - 1)
            if found:
                best, answers = found[0].least, found
            if level == 1 and best > 1:
                settings = self._worth_combining(settings, before)
            level += 1
        return self._found(before, answers, candidates)

    def _sets(self, settings: Sequence[Setting], size: int) -> list[SettingSet]:
        """All consistent sets of that size; those of which each part left few classes first."""
        sets = [frozenset(some) for some in combinations(settings, size) if is_consistent(some)]
        alone = {one: self._trial(frozenset([one])).least for one in settings}
        return sorted(sets, key=lambda some: sum(alone[one] for one in some)) if size > 1 else sets

    def _level(self, sets: Sequence[SettingSet], most: int) -> list[Trial]:
        """Those of ``sets`` with the fewest classes, if these are no more than ``most``."""
        found: list[Trial] = []
        limit = most
        trials = [self._trial(some) for some in sets]
        for batch in _batches(trials, _BATCH):
            first = self._platforms[:_AT_FIRST]
            self._ask(dict.fromkeys(batch, first))
            while (open_ := self._open(batch, limit)) and self._ask(
                dict.fromkeys(open_, self._platforms)
            ):
                limit = min([limit, *(t.least for t in batch if self._is_complete(t))])
            found += [t for t in batch if self._is_complete(t) and t.least <= limit]
            limit = min([limit, *(t.least for t in found)])
        self._untried += sum(self._is_open(trial, limit) for trial in trials)
        return [trial for trial in found if trial.least == limit]

    def _open(self, trials: Iterable[Trial], limit: int) -> list[Trial]:
        """The most promising of those that may still be answers, and are not yet complete."""
        left = [trial for trial in trials if self._is_open(trial, limit)]
        least = min((trial.least for trial in left), default=0)
        return [trial for trial in left if trial.least == least]

    def _is_open(self, trial: Trial, limit: int) -> bool:
        done = self._is_complete(trial) or trial.failed
        return not done and trial.least <= limit

    def _is_complete(self, trial: Trial) -> bool:
        return trial.is_complete(self._platforms)

    def _worth_combining(self, settings: Sequence[Setting], before: Trial) -> list[Setting]:
        """Without what fails alone, and without what alone changes nothing on any platform."""
        alone = {one: self._trial(frozenset([one])) for one in settings}
        unknown = [one for one in settings if not self._changes(alone[one], before)]
        self._ask({alone[one]: self._platforms for one in unknown if not alone[one].failed})
        return [
            one
            for one in settings
            if not alone[one].failed
            and (one in self._interacting or not self._is_idle(alone[one], before))
        ]

    def _changes(self, trial: Trial, before: Trial) -> bool:
        return any(given != before.gave[platform] for platform, given in trial.gave.items())

    def _is_idle(self, trial: Trial, before: Trial) -> bool:
        return self._is_complete(trial) and not self._changes(trial, before)

    def _trial(self, settings: SettingSet) -> Trial:
        return self._trials.setdefault(settings, Trial(settings))

    def _ask(self, wanted: Mapping[Trial, Sequence[str]]) -> bool:
        """Observe each set on those of its platforms that were not asked; whether anything came.

        A set under which a platform gave nothing is asked no more.
        """
        asks = [
            (trial.settings, platform)
            for trial, platforms in wanted.items()
            for platform in platforms
            if platform not in trial.gave and not trial.failed
        ]
        given = self._observe(asks) if asks else {}
        for (settings, platform), each in given.items():
            self._trials[settings].gave[platform] = each
        return bool(given)

    def _found(
        self,
        before: Trial,
        answers: list[Trial],
        candidates: Sequence[Setting],
        unobserved: tuple[str, ...] = (),
    ) -> Found:
        tried = [trial for trial in self._trials.values() if trial.settings and trial.gave]
        return Found(
            before,
            self._platforms,
            unobserved,
            tuple(sorted(answers, key=lambda one: [s.words for s in ordered(one.settings)])),
            tuple(trial for trial in tried if trial.failed),
            tuple(
                one for one in candidates if self._is_idle(self._trial(frozenset([one])), before)
            ),
            self._untried,
            len(tried),
        )


def spread(before: Trial, platforms: Sequence[str]) -> tuple[str, ...]:
    """``platforms`` that gave something, one of each class first: these part most sets."""
    given = [platform for platform in platforms if isinstance(before.gave.get(platform), str)]
    first = {before.gave[platform]: platform for platform in reversed(given)}
    leading = [platform for platform in given if first[before.gave[platform]] == platform]
    return (*leading, *(platform for platform in given if platform not in leading))


def _batches(trials: Sequence[Trial], size: int) -> Iterator[Sequence[Trial]]:
    for start in range(0, len(trials), size):
        yield trials[start : start + size]
