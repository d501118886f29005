"""A fleet: machines for many platforms side by side, each released whatever happens."""

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
from orchestrator.fleet.release import HowToEnd, Releaser
from orchestrator.fleet.retry import INTERRUPTED, RateLimiter, Retrier
from orchestrator.fleet.task import Phase, Task
from orchestrator.model.events import EventSink, unfailing
from orchestrator.model.experiment import Platform, Reason
from orchestrator.model.machine import Provider

TICK = 0.5
"""Seconds between two checks of signals, money and deadlines. Results are passed on at once."""


class Fleet:
    """The machines of one run.

    Call ``recover``, then ``run``, then ``cleanup``. ``stop`` (the first Ctrl-C) stops launches and
    signals the work to end; ``abort`` (the second) does not wait for the work. Both release all
    machines.
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
        how_to_end: HowToEnd,
        timeouts: Timeouts | None = None,
        seed: int | None = None,
    ) -> None:
        timeouts = timeouts or Timeouts()
        retrier = Retrier(RateLimiter(clock, seed), clock)
        self._journal = journal
        self._limits = limits
        self._clock = clock
        self._tell = unfailing(tell)
        self._stop = stop
        self._abort = abort
        self._timeouts = timeouts
        self._semaphore = CappedSemaphore(caps_of(limits), clock)
        self._budget = Budget(limits, journal, clock)
        self._releaser = Releaser(providers, retrier, clock, timeouts)
        self._cleaner = Cleaner(
            template.run, providers, journal, self._releaser, clock, timeouts, how_to_end
        )
        provisioner = Provisioner(
            template=template,
            journal=journal,
            providers=providers,
            semaphore=self._semaphore,
            budget=self._budget,
            retrier=retrier,
            releaser=self._releaser,
            clock=clock,
            timeouts=timeouts,
        )
        self._runner = TaskRunner(providers, provisioner, self._releaser, journal, limits.attempts)
        self.over_limit: str | None = None
        """The limit that ended the work early; ``None``: no limit was reached."""

    def recover(self) -> None:
        """End machines that an earlier, killed call of this run left. Raises ``MachinesLeft``."""
        self._cleaner.clear()

    def run(
        self, platforms: Sequence[Platform], work: Work[Result]
    ) -> Iterator[TaskResult[Result]]:
        """Yield the result of each platform when its work has ended and its machine is released.

        After an unexpected exception of ``work`` or of the code that consumes this iterator, all
        other tasks are ended and their machines released; then it is raised again. Signals, limits
        and deadlines are only checked while the next result is waited for: consume it quickly.
        """
        tasks = [Task(p, self._clock, self._timeouts, self._tell) for p in platforms]
        completed = CompletionQueue[Result](tasks)
        self._clock.expect(len(tasks))
        for task in tasks:
            _start(self._run_task, task, work, completed)
        error: BaseException | None = None
        checked = time.monotonic()
        while completed.running:
            try:
                result = completed.next(TICK)
                if time.monotonic() - checked >= TICK:
                    self._watch(completed)
                    checked = time.monotonic()
                if result is not None and error is None:
                    yield result
            except BaseException as raised:  # noqa: BLE001 - raised again when all tasks are complete
                error = error or raised
                self._end(completed.running)
        if error is not None:
            raise error

    def cleanup(self, estimated: float | None = None) -> Cleanup:
        """End all machines of the run and verify it. Raises ``MachinesLeft`` naming those left.

        ``estimated``: the plan's estimate in US dollars, reported beside the actual cost.
        """
        self._cleaner.clear()
        not_deleted = self._cleaner.delete_shared()
        cost = self._journal.cost(self._clock.now())
        return Cleanup(0, estimated, cost.spent, cost.unpriced, not_deleted)

    # -- in the thread of one task ----------------------------------------------------------

    def _run_task(self, task: Task, work: Work[Result], completed: CompletionQueue[Result]) -> None:
        with self._clock.working():
            try:
                completed.add(task, self._runner.run(task, work))
            except BaseException as error:  # noqa: BLE001 - handed to the thread that runs the fleet
                completed.add(task, error)

    # -- in the thread that runs the fleet --------------------------------------------------

    def _watch(self, completed: CompletionQueue[Result]) -> None:
        self.over_limit = self.over_limit or self._limit_reached()
        if self._stop.is_set() or self._abort.is_set() or self.over_limit:
            self._end(completed.running)
        for task in completed.running:
            late = task.overdue()
            if late > 0:
                task.stop.set()
            grace = self._timeouts.grace if task.phase is Phase.WORK else 0.0
            # A release is never cut short: an abort exists so that machines are released.
            aborted = self._abort.is_set() and task.phase is not Phase.RELEASE
            if (aborted or late > grace) and not task.abandoned:
                task.abandoned = True
                _start(self._abandon, task, completed, aborted=aborted)

    def _limit_reached(self) -> str | None:
        if self._limits.wall is not None and self._clock.now() > self._limits.wall:
            return "the hours of `limits: hours` are over"
        return self._budget.exhausted()

    def _end(self, tasks: Iterable[Task]) -> None:
        self._semaphore.close()
        for task in tasks:
            task.stop.set()

    def _abandon(self, task: Task, completed: CompletionQueue[Result], *, aborted: bool) -> None:
        """Stop waiting for a task's thread that hangs, and release its machine in this thread."""
        task.stop.set()
        phase, lease = task.phase, task.lease
        reason = Reason("timeout", f"{phase.value} did not end in its time")
        try:
            # A release that hangs would hang here too; the cleanup at the end tries it again.
            if lease is not None and phase is not Phase.RELEASE:
                why = INTERRUPTED.code if aborted else reason.message
                self._releaser.release(lease, why, self._journal)
        except BaseException as error:  # noqa: BLE001 - handed to the thread that runs the fleet
            completed.add(task, error)
            return
        result = TaskResult[Result](task.platform, None, INTERRUPTED if aborted else reason)
        completed.add(task, result)


def _start(target: Callable[..., None], *arguments: object, **named: object) -> None:
    # A daemon thread: a call that hangs must not keep the program from exiting after an abort.
    threading.Thread(target=target, args=arguments, kwargs=named, daemon=True).start()


class CompletionQueue(Generic[Result]):
    """Which tasks still run, and the results that were not read yet."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._tasks = {id(task): task for task in tasks}
        self._queue: queue.SimpleQueue[tuple[Task, TaskResult[Result] | BaseException]] = (
            queue.SimpleQueue()
        )

    @property
    def running(self) -> tuple[Task, ...]:
        """Tasks whose result was not read yet."""
        return tuple(self._tasks.values())

    def add(self, task: Task, result: TaskResult[Result] | BaseException) -> None:
        """Add a result, from any thread. Only the first result of a task counts."""
        self._queue.put((task, result))

    def next(self, seconds: float) -> TaskResult[Result] | None:
        """The next result, or ``None`` after ``seconds``. Raises the exception of a task's work."""
        try:
            task, result = self._queue.get(timeout=seconds)
        except queue.Empty:
            return None
        if self._tasks.pop(id(task), None) is None:
            return None
        if isinstance(result, BaseException):
            raise result
        return result
