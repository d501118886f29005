"""Computes the sessions that a search asks for, each once, beside the store's own runs."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable
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

Compute = Callable[[Cell], Observation]
"""A session of a cell; raises ``Exhausted`` where none may be computed any more."""


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
    _known: dict[str, Observation] | None = None

    def __call__(self, cell: Cell, software: str | None) -> Observation:
        """A session of ``cell``, stored or computed; of the software with this id, if there is."""
        if self._known is None:
            self._known = _by_cell(stored(self.store))
        known = self._known.get(cell.id)
        if known is not None and known.status == Status.OK and known.software.id == software:
            return known
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
        found = _by_cell(one for one in read(ran.folder).records if one.cell == cell.id)
        if cell.id not in found:
            self.budget.check(self.stop)
            raise UsageError(f"{ran.folder}: has no row of cell {cell.id}")
        self._known[cell.id] = found[cell.id]
        return found[cell.id]


def stored(store: Path) -> tuple[Observation, ...]:
    """The sessions that were computed for confirmations of ``store``."""
    folder = store / CONFIRM
    return read(folder).records if any(folder.glob("*/*/run.json")) else ()


def _by_cell(records: Iterable[Observation]) -> dict[str, Observation]:
    """The last session of each cell, one that ended well before any other."""
    found: dict[str, Observation] = {}
    for one in records:
        if one.cell not in found or one.status == Status.OK or found[one.cell].status != Status.OK:
            found[one.cell] = one
    return found
