"""Time as the fleet sees it: the real one, and a simulated one that jumps while all wait.

Everything in the fleet that waits does so through a ``Clock``, so that hours of provisioning can be
played in a second, threads and all.
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
    """Opened once, waited for by one thread."""

    def open(self) -> None:
        """Let the waiting thread go on, now or when it comes."""
        ...

    def wait(self) -> None:
        """Until the gate is open."""
        ...


class Clock(Protocol):
    """Tells the time and waits."""

    def now(self) -> float:
        """Unix seconds."""
        ...

    def sleep(self, seconds: float, stop: Event | None = None) -> None:
        """Wait, or until ``stop`` is set (simulated: not begun when it is set)."""
        ...

    def gate(self) -> Gate:
        """A new gate, closed."""
        ...

    def expect(self, workers: int) -> None:
        """So many threads will enter ``working``: simulated time waits for them."""
        ...

    def working(self) -> AbstractContextManager[None]:
        """Around the life of an expected thread: simulated time stands while it computes."""
        ...


class RealClock:
    """The time it is."""

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
        """Real time waits for nobody."""

    @contextmanager
    def working(self) -> Iterator[None]:
        """Real time passes either way."""
        yield


class _RealGate:
    def __init__(self) -> None:
        self._opened = Event()

    def open(self) -> None:
        self._opened.set()

    def wait(self) -> None:
        self._opened.wait()


class SimulatedClock:
    """Discrete events: when every expected thread waits, it becomes the time of the next to go on.

    Threads that were not announced by ``expect`` may sleep too; time doesn't wait for them.
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
        """Time stands until they all wait or end."""
        with self._lock:
            self._busy += workers

    @contextmanager
    def working(self) -> Iterator[None]:
        """Around the life of an expected thread."""
        self._thread.expected = True
        try:
            yield
        finally:
            self._thread.expected = False
            with self._lock:
                self._busy -= 1
                self._advance()

    def wait(self, gate: _SimulatedGate, seconds: float | None) -> None:
        """Until ``gate`` is open or ``seconds`` are over."""
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
        """Let the thread at ``gate`` go on at the present time."""
        with self._lock:
            self._pass(gate)

    def _advance(self) -> None:
        # Until a thread that time waits for goes on; the others run beside it.
        while self._busy == 0 and self._sleepers:
            when, _, gate = heapq.heappop(self._sleepers)
            if not gate.passed.is_set():
                self._now = max(self._now, when)
                self._pass(gate)

    def _pass(self, gate: _SimulatedGate) -> None:
        if not gate.passed.is_set():
            # Counted by who wakes it, or time could jump before it runs.
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
