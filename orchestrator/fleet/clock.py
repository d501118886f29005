"""The fleet's clock: the real one, and a simulated one for tests and benchmarks.

The simulated clock jumps to the next event when all threads wait. All waiting in the fleet goes
through a ``Clock``, so that hours of provisioning are simulated in a second, with real threads.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import Event
from typing import Protocol


class Gate(Protocol):
    """Blocks one waiting thread until it is opened, once."""

    def open(self) -> None:
        """Let the thread pass, whether it waits already or calls ``wait`` later."""
        ...

    def wait(self) -> None:
        """Block until the gate is open."""
        ...


class Clock(Protocol):
    """Tells the time and waits."""

    def now(self) -> float:
        """Unix seconds."""
        ...

    def sleep(self, seconds: float, stop: Event | None = None) -> None:
        """Wait; less where ``stop`` is set (simulated: not at all if set before)."""
        ...

    def gate(self) -> Gate:
        """A new gate, closed."""
        ...

    def expect(self, workers: int) -> None:
        """Announce threads that will enter ``working``: simulated time waits for them."""
        ...

    def working(self) -> AbstractContextManager[None]:
        """Context around an announced thread's life: simulated time stands while it computes."""
        ...


class RealClock:
    """The computer's own time."""

    def now(self) -> float:
        """Unix seconds."""
        return time.time()

    def sleep(self, seconds: float, stop: Event | None = None) -> None:
        """Wait; at most until ``stop`` is set."""
        (stop or Event()).wait(max(seconds, 0.0))

    def gate(self) -> Gate:
        """A new gate, closed."""
        return _RealGate()

    def expect(self, workers: int) -> None:
        """Nothing to do: real time does not wait for threads."""

    @contextmanager
    def working(self) -> Iterator[None]:
        """Nothing to do: real time does not wait for threads."""
        yield


class _RealGate:
    def __init__(self) -> None:
        self._opened = Event()

    def open(self) -> None:
        self._opened.set()

    def wait(self) -> None:
        self._opened.wait()


class SimulatedClock:
    """Discrete events: when all announced threads wait, time jumps to the next one's wake-up.

    Threads that were not announced by ``expect`` may sleep too, but time does not wait for them.
    """

    def __init__(self, start: float = 0.0) -> None:
        self._now = start
        self._lock = threading.Lock()
        self._busy = 0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, _SimulatedGate]] = []
        self._thread = threading.local()

    def now(self) -> float:
        """Simulated seconds."""
        return self._now

    def sleep(self, seconds: float, stop: Event | None = None) -> None:
        """Wait in simulated time; not at all if ``stop`` is set."""
        if stop is None or not stop.is_set():
            self.wait(_SimulatedGate(self), max(seconds, 0.0))

    def gate(self) -> Gate:
        """A new gate, closed."""
        return _SimulatedGate(self)

    def expect(self, workers: int) -> None:
        """Announce ``workers`` threads: time stands until all of them wait or have ended."""
        with self._lock:
            self._busy += workers

    @contextmanager
    def working(self) -> Iterator[None]:
        """Context around the life of an announced thread."""
        self._thread.expected = True
        try:
            yield
        finally:
            self._thread.expected = False
            with self._lock:
                self._busy -= 1
                self._advance()

    def wait(self, gate: _SimulatedGate, seconds: float | None) -> None:
        """Block until ``gate`` is open or ``seconds`` are over (``None``: until it is open)."""
        with self._lock:
            if gate.passed.is_set():
                return
            gate.expected = getattr(self._thread, "expected", False)
            if seconds is not None:
                entry = (self._now + seconds, next(self._order), gate)
                heapq.heappush(self._sleepers, entry)
            self._busy -= gate.expected
            self._advance()
        gate.passed.wait()

    def open(self, gate: _SimulatedGate) -> None:
        """Let the thread at ``gate`` pass, at the present simulated time."""
        with self._lock:
            self._pass(gate)

    def _advance(self) -> None:
        # Stops as soon as an announced thread runs; other threads run meanwhile.
        while self._busy == 0 and self._sleepers:
            when, _, gate = heapq.heappop(self._sleepers)
            if not gate.passed.is_set():
                self._now = max(self._now, when)
                self._pass(gate)

    def _pass(self, gate: _SimulatedGate) -> None:
        if not gate.passed.is_set():
            # Counted as busy here, not by the woken thread: time could jump before that runs.
            self._busy += gate.expected
            gate.passed.set()


class _SimulatedGate:
    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self.passed = Event()
        self.expected = False

    def open(self) -> None:
        self._clock.open(self)

    def wait(self) -> None:
        self._clock.wait(self, None)
