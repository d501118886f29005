"""A fleet: machines for many platforms side by side, each given back whatever happens."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from threading import Event
from typing import Generic

from orchestrator.fleet.attempts import Result, Served, Service, Work
from orchestrator.fleet.budget import Budget
from orchestrator.fleet.capacity import Slots, caps_of
from orchestrator.fleet.cleanup import Sweep, Sweeper
from orchestrator.fleet.clock import Clock
from orchestrator.fleet.journal import Journal
from orchestrator.fleet.limits import FleetLimits, Patience
from orchestrator.fleet.provision import Obtainer, Terms
from orchestrator.fleet.release import Releaser
from orchestrator.fleet.retry import INTERRUPTED, RateLimiter, Retrier
from orchestrator.fleet.task import Flight, Phase, Tell
from orchestrator.model.experiment import Platform, Reason
from orchestrator.model.machine import Provider

TICK = 0.5
"""Seconds between two looks at signals, money and clocks. Results don't wait for it."""


class Fleet:
    """The machines of one run.

    ``recover`` first, then ``serve``, then ``sweep``. ``stop`` (the first Ctrl-C) ends launching
    and tells work to end; ``abort`` (the second) waits for no work, but machines are released.
    """

    def __init__(
        self,
        journal: Journal,
        providers: Mapping[str, Provider],
        limits: FleetLimits,
        terms: Terms,
        clock: Clock,
        tell: Tell,
        stop: Event,
        abort: Event,
        *,
        patience: Patience | None = None,
        seed: int | None = None,
    ) -> None:
        patience = patience or Patience()
        retrier = Retrier(RateLimiter(clock, seed), clock)
        self._journal = journal
        self._limits = limits
        self._clock = clock
        self._tell = tell
        self._stop = stop
        self._abort = abort
        self._patience = patience
        self._slots = Slots(caps_of(limits), clock)
        self._budget = Budget(limits, journal, clock)
        self._releaser = Releaser(providers, retrier, clock, patience)
        self._sweeper = Sweeper(terms.run, providers, journal, self._releaser, clock, patience)
        obtainer = Obtainer(
            terms=terms,
            journal=journal,
            providers=providers,
            slots=self._slots,
            budget=self._budget,
            retrier=retrier,
            releaser=self._releaser,
            clock=clock,
            patience=patience,
        )
        self._service = Service(providers, obtainer, self._releaser, journal, limits.attempts)
        self.over_limit: str | None = None
        """Which limit ended the fleet before its work was done."""

    def recover(self) -> None:
        """End whatever an earlier, killed call of this run left. Raises ``MachinesLeft``."""
        self._sweeper.clear()

    def serve(self, platforms: Sequence[Platform], work: Work[Result]) -> Iterator[Served[Result]]:
        """Yield what became of each platform as its work ends, its machine released by then.

        An unexpected exception of ``work``, or of whoever consumes this, ends all other flights
        in order before it goes on. Signals, limits and phases are looked after while this is
        waited for: consume it quickly.
        """
        flights = [Flight(p, self._clock, self._patience, self._tell) for p in platforms]
        landings = Landings[Result](flights)
        self._clock.expect(len(flights))
        for flight in flights:
            _start(self._fly, flight, work, landings)
        error: BaseException | None = None
        looked = time.monotonic()
        while landings.under_way:
            try:
                served = landings.next(TICK)
                if time.monotonic() - looked >= TICK:
                    self._look_after(landings)
                    looked = time.monotonic()
                if served is not None and error is None:
                    yield served
            except BaseException as raised:  # noqa: BLE001 - raised again when all have landed
                error = error or raised
                self._end(landings.under_way)
        if error is not None:
            raise error

    def sweep(self, estimated: float | None = None) -> Sweep:
        """End and verify: no machine of the run is left. Raises ``MachinesLeft`` naming those.

        ``estimated``: what the plan said it would cost, to stand beside what it did.
        """
        self._sweeper.clear()
        untidy = self._sweeper.tidy()
        cost = self._journal.cost(self._clock.now())
        return Sweep(0, estimated, cost.spent, cost.unpriced, untidy)

    # -- a flight's own thread --------------------------------------------------------------

    def _fly(self, flight: Flight, work: Work[Result], landings: Landings[Result]) -> None:
        with self._clock.working():
            try:
                landings.add(flight, self._service.serve(flight, work))
            except BaseException as error:  # noqa: BLE001 - handed to the crew's thread
                landings.add(flight, error)

    # -- the crew's thread ------------------------------------------------------------------

    def _look_after(self, landings: Landings[Result]) -> None:
        self.over_limit = self.over_limit or self._limit_reached()
        if self._stop.is_set() or self._abort.is_set() or self.over_limit:
            self._end(landings.under_way)
        for flight in landings.under_way:
            late = flight.overdue()
            if late > 0:
                flight.stop.set()
            grace = self._patience.grace if flight.phase is Phase.WORK else 0.0
            # Releases are not hurried: they are what an abort is for.
            aborted = self._abort.is_set() and flight.phase is not Phase.RELEASE
            if (aborted or late > grace) and not flight.abandoned:
                flight.abandoned = True
                _start(self._abandon, flight, landings, aborted=aborted)

    def _limit_reached(self) -> str | None:
        if self._limits.wall is not None and self._clock.now() > self._limits.wall:
            return "the hours of `limits: hours` are over"
        return self._budget.exhausted()

    def _end(self, flights: Iterable[Flight]) -> None:
        self._slots.close()
        for flight in flights:
            flight.stop.set()

    def _abandon(self, flight: Flight, landings: Landings[Result], *, aborted: bool) -> None:
        """Wait no more for a flight's thread, which hangs; end its machine without it."""
        flight.stop.set()
        phase, held = flight.phase, flight.held
        reason = Reason("timeout", f"{phase.value} did not end in its time")
        # A release that hangs would hang here too: the sweep asks once more.
        if held is not None and phase is not Phase.RELEASE:
            why = INTERRUPTED.code if aborted else reason.message
            self._releaser.release(held, why, self._journal)
        served = Served[Result](flight.platform, None, INTERRUPTED if aborted else reason)
        landings.add(flight, served)


def _start(target: Callable[..., None], *arguments: object, **named: object) -> None:
    # A daemon: a call that hangs must not keep an aborted program from ending.
    threading.Thread(target=target, args=arguments, kwargs=named, daemon=True).start()


class Landings(Generic[Result]):
    """Who is under way, and who has come home since one looked last."""

    def __init__(self, flights: Sequence[Flight]) -> None:
        self._flights = {id(flight): flight for flight in flights}
        self._queue: queue.SimpleQueue[tuple[Flight, Served[Result] | BaseException]] = (
            queue.SimpleQueue()
        )

    @property
    def under_way(self) -> tuple[Flight, ...]:
        """Those that have not landed."""
        return tuple(self._flights.values())

    def add(self, flight: Flight, served: Served[Result] | BaseException) -> None:
        """Called by any thread. A flight's first landing counts."""
        self._queue.put((flight, served))

    def next(self, seconds: float) -> Served[Result] | None:
        """The next to land, within ``seconds``. Raises what its work raised."""
        try:
            flight, served = self._queue.get(timeout=seconds)
        except queue.Empty:
            return None
        if self._flights.pop(id(flight), None) is None:
            return None
        if isinstance(served, BaseException):
            raise served
        return served
