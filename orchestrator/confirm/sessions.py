"""Computes the sessions that a search asks for, each once, beside the store's own runs."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event

from orchestrator.confirm.bisect import Exhausted
from orchestrator.errors import UsageError
from orchestrator.model.events import EventSink
from orchestrator.model.experiment import Cell, Experiment, Isolation, Plan, Status
from orchestrator.results.record import Observation
from orchestrator.run import pipeline
from orchestrator.store.read import read
from orchestrator.store.run_folder import CONFIRM


@dataclass
class Budget:
    """Seconds that computing may take, from the first session on."""

    seconds: float
    clock: Callable[[], float] = time.monotonic
    spent: float = 0.0
    sessions: int = 0

    def check(self, stop: Event) -> None:
        """Raises ``Exhausted``."""
        if stop.is_set():
            raise Exhausted("it was stopped; the same command goes on where it was")
        if self.spent >= self.seconds:
            raise Exhausted(
                f"the budget of {self.seconds:g} s is spent; the same command goes on where it was"
            )


@dataclass(eq=False)
class Sessions:
    """Sessions of stand-ins, kept in ``STORE/_confirm``: what is there is not computed again."""

    store: Path
    experiment: Experiment
    isolation: Isolation
    budget: Budget
    tell: EventSink
    stop: Event = field(default_factory=Event)
    abort: Event = field(default_factory=Event)
    _stored: dict[tuple[str, str | None], Observation] | None = None
    _computed: dict[str, Observation] = field(default_factory=dict)

    def __call__(self, cell: Cell, software: str | None) -> Observation:
        """A session of ``cell``: stored, where the software of this id computed it, or computed.

        Where other software is installed now, it is by that. Raises ``Exhausted``.
        """
        if self._stored is None:
            good = (one for one in stored(self.store) if one.status == Status.OK)
            self._stored = {(one.cell, one.software.id): one for one in good}
        known = self._stored.get((cell.id, software)) or self._computed.get(cell.id)
        if known is None:
            known = self._computed[cell.id] = self._compute(cell)
        return known

    def _compute(self, cell: Cell) -> Observation:
        self.budget.check(self.stop)
        began = self.budget.clock()
        plan = Plan(replace(self.experiment, compare=("platform",)), (cell,))
        ran = pipeline.run(
            plan,
            self.store / CONFIRM,
            fresh=False,
            isolation=self.isolation,
            at_once=os.cpu_count() or 1,
            argv=sys.argv,
            tell=self.tell,
            stop=self.stop,
            abort=self.abort,
        )
        self.budget.spent += self.budget.clock() - began
        self.budget.sessions += 1
        found = [one for one in read(ran.folder).records if one.cell == cell.id]
        if not found:
            self.budget.check(self.stop)
            raise UsageError(f"{ran.folder}: has no row of cell {cell.id}")
        good = [one for one in found if one.status == Status.OK]
        return max(good or found, key=lambda one: (one.recorded or "", one.attempt))


def stored(store: Path) -> tuple[Observation, ...]:
    """The sessions that were computed for confirmations of ``store``."""
    folder = store / CONFIRM
    return read(folder).records if any(folder.glob("*/*/run.json")) else ()
