"""A fleet: machines for many platforms side by side, each given back whatever happens."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from threading import Event
from typing import Generic

from orchestrator.fleet.attempts import Result, TaskResult, TaskRunner, Work
from orchestrator.fleet.budget import Budget
from orchestrator.fleet.capacity import CappedSemaphore, caps_of
from orchestrator.fleet.cleanup import Cleaner, Cleanup
from orchestrator.fleet.clock import Clock
from orchestrator.fleet.journal import Journal
from orchestrator.fleet.limits import FleetLimits, Timeouts
from orchestrator.fleet.provision import LaunchTemplate, Provisioner
from orchestrator.fleet.release import Releaser
from orchestrator.fleet.retry import INTERRUPTED, RateLimiter, Retrier
from orchestrator.fleet.task import Phase, Task
from orchestrator.model.events import EventSink
from orchestrator.model.experiment import Platform, Reason
from orchestrator.model.machine import Provider

TICK = 0.5
"""Seconds between two looks at signals, money and clocks. Results don't wait for it."""


class Fleet:
    """The machines of one run.

    ``recover`` first, then ``run``, then ``cleanup``. ``stop`` (the first Ctrl-C) ends launching
    and tells work to end; ``abort`` (the second) waits for no work, but machines are released.
    """

    def __init__(
        self,
        journal: Journal,
        providers: Mapping[str, Provider],
        limits: FleetLimits,
        template: LaunchTemplate,
        clock: Clock,
        tell: EventSink,
        stop: Event,
        abort: Event,
        *,
        timeouts: Timeouts | None = None,
        seed: int | None = None,
    ) -> None:
        timeouts = timeouts or Timeouts()
        retrier = Retrier(RateLimiter(clock, seed), clock)
        self._journal = journal
        self._limits = limits
        self._clock = clock
        self._tell = tell
        self._stop = stop
        self._abort = abort
        self._patience = timeouts
        self._slots = CappedSemaphore(caps_of(limits), clock)
        self._budget = Budget(limits, journal, clock)
        self._releaser = Releaser(providers, retrier, clock, timeouts)
        self._sweeper = Cleaner(template.run, providers, journal, self._releaser, clock, timeouts)
        provisioner = Provisioner(
            template=template,
            journal=journal,
            providers=providers,
            semaphore=self._slots,
            budget=self._budget,
            retrier=retrier,
            releaser=self._releaser,
            clock=clock,
            timeouts=timeouts,
        )
        self._service = TaskRunner(providers, provisioner, self._releaser, journal, limits.attempts)
        self.over_limit: str | None = None
        """Which limit ended the fleet before its work was done."""

    def recover(self) -> None:
        """End whatever an earlier, killed call of this run left. Raises ``MachinesLeft``."""
        self._sweeper.clear()

    def run(
        self, platforms: Sequence[Platform], work: Work[Result]
    ) -> Iterator[TaskResult[Result]]:
        """Yield what became of each platform as its work ends, its machine released by then.

        An unexpected exception of ``work``, or of whoever consumes this, ends all other flights
        in order before it goes on. Signals, limits and phases are looked after while this is
        waited for: consume it quickly.
        """
        tasks = [Task(p, self._clock, self._patience, self._tell) for p in platforms]
        completed = CompletionQueue[Result](tasks)
        self._clock.expect(len(tasks))
        for task in tasks:
            _start(self._fly, task, work, completed)
        error: BaseException | None = None
        looked = time.monotonic()
        while completed.under_way:
            try:
                served = completed.next(TICK)
                if time.monotonic() - looked >= TICK:
                    self._look_after(completed)
                    looked = time.monotonic()
                if served is not None and error is None:
                    yield served
            except BaseException as raised:  # noqa: BLE001 - raised again when all have landed
                error = error or raised
                self._end(completed.under_way)
        if error is not None:
            raise error

    def cleanup(self, estimated: float | None = None) -> Cleanup:
        """End and verify: no machine of the run is left. Raises ``MachinesLeft`` naming those.

        ``estimated``: what the plan said it would cost, to stand beside what it did.
        """
        self._sweeper.clear()
        untidy = self._sweeper.delete_shared()
        cost = self._journal.cost(self._clock.now())
        return Cleanup(0, estimated, cost.spent, cost.unpriced, untidy)

    # -- a flight's own thread --------------------------------------------------------------

    def _fly(self, task: Task, work: Work[Result], completed: CompletionQueue[Result]) -> None:
        with self._clock.working():
            try:
                completed.add(task, self._service.run(task, work))
            except BaseException as error:  # noqa: BLE001 - handed to the crew's thread
                completed.add(task, error)

    # -- the crew's thread ------------------------------------------------------------------

    def _look_after(self, completed: CompletionQueue[Result]) -> None:
        self.over_limit = self.over_limit or self._limit_reached()
        if self._stop.is_set() or self._abort.is_set() or self.over_limit:
            self._end(completed.under_way)
        for task in completed.under_way:
            late = task.overdue()
            if late > 0:
                task.stop.set()
            grace = self._patience.grace if task.phase is Phase.WORK else 0.0
            # Releases are not hurried: they are what an abort is for.
            aborted = self._abort.is_set() and task.phase is not Phase.RELEASE
            if (aborted or late > grace) and not task.abandoned:
                task.abandoned = True
                _start(self._abandon, task, completed, aborted=aborted)

    def _limit_reached(self) -> str | None:
        if self._limits.wall is not None and self._clock.now() > self._limits.wall:
            return "the hours of `limits: hours` are over"
        return self._budget.exhausted()

    def _end(self, tasks: Iterable[Task]) -> None:
        self._slots.close()
        for task in tasks:
            task.stop.set()

    def _abandon(self, task: Task, completed: CompletionQueue[Result], *, aborted: bool) -> None:
        """Wait no more for a flight's thread, which hangs; end its machine without it."""
        task.stop.set()
        phase, lease = task.phase, task.lease
        reason = Reason("timeout", f"{phase.value} did not end in its time")
        # A release that hangs would hang here too: the sweep asks once more.
        if lease is not None and phase is not Phase.RELEASE:
            why = INTERRUPTED.code if aborted else reason.message
            self._releaser.release(lease, why, self._journal)
        served = TaskResult[Result](task.platform, None, INTERRUPTED if aborted else reason)
        completed.add(task, served)


def _start(target: Callable[..., None], *arguments: object, **named: object) -> None:
    # A daemon: a call that hangs must not keep an aborted program from ending.
    threading.Thread(target=target, args=arguments, kwargs=named, daemon=True).start()


class CompletionQueue(Generic[Result]):
    """Who is under way, and who has come home since one looked last."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._flights = {id(task): task for task in tasks}
        self._queue: queue.SimpleQueue[tuple[Task, TaskResult[Result] | BaseException]] = (
            queue.SimpleQueue()
        )

    @property
    def under_way(self) -> tuple[Task, ...]:
        """Those that have not landed."""
        return tuple(self._flights.values())

    def add(self, task: Task, served: TaskResult[Result] | BaseException) -> None:
        """Called by any thread. A flight's first landing counts."""
        self._queue.put((task, served))

    def next(self, seconds: float) -> TaskResult[Result] | None:
        """The next to land, within ``seconds``. Raises what its work raised."""
        try:
            task, served = self._queue.get(timeout=seconds)
        except queue.Empty:
            return None
        if self._flights.pop(id(task), None) is None:
            return None
        if isinstance(served, BaseException):
            raise served
        return served
