"""One search over all variants of an experiment: from subjects to what was found."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestrator.agree.consequences import change
from orchestrator.agree.observing import Observing
from orchestrator.agree.result import Agreement, Answer, Incomplete
from orchestrator.agree.search import SIZE, Found, Trial, search
from orchestrator.agree.settings import Setting, SettingSet, ordered, with_settings
from orchestrator.agree.subjects import Subject
from orchestrator.agree.timing import Timed
from orchestrator.store.tensors import StoredTensors

Timer = Callable[[Subject, list[SettingSet]], Timed]
"""Measures what sets cost."""
NOTHING = Timed({}, {})


@dataclass(frozen=True)
class Searched:
    """A subject, what a search found of it, and how long it took."""

    subject: Subject
    found: Found
    candidates: tuple[Setting, ...]
    seconds: float


def searched(
    subjects: tuple[Subject, ...],
    observing: Observing,
    choice: Callable[[Setting], bool],
    *,
    size: int = SIZE,
) -> Iterator[Searched]:
    """Search for each of ``subjects``, one after the other; ``choice``: what may be set."""
    for subject in subjects:
        start = time.monotonic()
        candidates, interacting = subject.candidates(choice)
        found = search(
            candidates,
            subject.platforms,
            observing.of(subject),
            interacting=interacting,
            size=size,
        )
        yield Searched(subject, found, candidates, time.monotonic() - start)


def agreement(
    one: Searched, observing: Observing, runs: tuple[Path, ...], timer: Timer | None
) -> Agreement:
    """What was found, with what each answer costs; ``runs`` store the outputs.

    Without a ``timer`` no time is measured.
    """
    subject, found = one.subject, one.found
    sets = [trial.settings for trial in found.answers]
    timed = timer(subject, sets) if timer is not None and sets else NOTHING
    tensors = StoredTensors(runs)
    answers = [_answer(subject, trial, found, observing, tensors, timed) for trial in found.answers]
    answers.sort(key=lambda each: each.slowdown.median if each.slowdown else float("inf"))
    return Agreement(
        label=subject.label,
        computations=subject.computations,
        platforms=found.platforms,
        before=found.before.classes(),
        without=tuple(sorted(found.before.failed.items())),
        unobserved=found.unobserved,
        not_available=subject.not_available,
        answers=tuple(answers),
        incomplete=tuple(
            Incomplete(ordered(trial.settings), tuple(sorted(trial.failed.items())))
            for trial in found.incomplete
        ),
        idle=found.idle,
        candidates=len(one.candidates),
        tried=found.tried,
        untried=found.untried,
        seconds=one.seconds,
        stopped=observing.stopped,
        others=tuple(
            dict.fromkeys(
                each.label
                for _, installations in observing.experiment.workloads
                for each in installations
                if each.label != subject.variant.installation.label
            )
        ),
    )


def _answer(
    subject: Subject,
    trial: Trial,
    found: Found,
    observing: Observing,
    tensors: StoredTensors,
    timed: Timed,
) -> Answer:
    nothing: SettingSet = frozenset()
    pairs = [
        (observing.digests((nothing, platform)), observing.digests((trial.settings, platform)))
        for platform in found.platforms
    ]
    distance, flips = change(pairs, tensors)
    variant = with_settings(subject.variant, trial.settings)
    return Answer(
        ordered(trial.settings),
        variant,
        trial.classes(),
        distance,
        flips,
        timed.slowdowns.get(trial.settings),
        timed.reasons.get(trial.settings),
    )
