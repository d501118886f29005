"""How fast a provider is called: slower when it says so, faster while it doesn't."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass
from threading import Event

from orchestrator.fleet.clock import Clock

START = 10.0
FASTEST = 50.0
SLOWEST = 0.1
FASTER = 0.5
"""Calls per second: at first, at most, at least, and how much is added after a success."""
FIRST_DELAY = 1.0
LONGEST_DELAY = 60.0
"""Seconds before an order is repeated: doubled each time, up to the longest, then full jitter."""


Call = tuple[str, str | None, str]
"""(provider, region, what is called): providers count each of these by itself."""


@dataclass
class _Pace:
    rate: float = START
    next_call: float = 0.0
    slowed: float = float("-inf")


class Backoff:
    """Additive increase, multiplicative decrease, for each ``Call`` by itself."""

    def __init__(self, clock: Clock, seed: int | None = None) -> None:
        self._clock = clock
        self._random = random.Random(seed)  # noqa: S311 - jitter, no secret
        self._lock = threading.Lock()
        self._paces: dict[Call, _Pace] = {}

    def turn(self, call: Call, stop: Event | None = None) -> float:
        """Wait until one more call is in order; the time at which it begins."""
        with self._lock:
            pace = self._pace(call)
            now = self._clock.now()
            at = max(now, pace.next_call)
            pace.next_call = at + self._random.uniform(0.5, 1.5) / pace.rate
        if at > now:
            self._clock.sleep(at - now, stop)
        return at

    def throttled(self, call: Call, began: float, retry_after: float | None = None) -> None:
        """The call that began at ``began`` was one too many.

        A storm of refusals to calls that began at the old pace slows down once, not each time.
        """
        with self._lock:
            pace, now = self._pace(call), self._clock.now()
            if began > pace.slowed:
                pace.rate = max(pace.rate / 2, SLOWEST)
                pace.slowed = now
            pace.next_call = max(pace.next_call, now + (retry_after or 0.0))

    def succeeded(self, call: Call) -> None:
        """The pace is not too fast."""
        with self._lock:
            pace = self._pace(call)
            pace.rate = min(pace.rate + FASTER, FASTEST)

    def rate(self, call: Call) -> float:
        """Calls per second at present."""
        with self._lock:
            return self._pace(call).rate

    def delay(self, repetition: int, retry_after: float | None = None) -> float:
        """Seconds before repetition number 0, 1, …: full jitter, on top of what was said."""
        longest = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(repetition, 30))
        with self._lock:
            return (retry_after or 0.0) + self._random.uniform(0.0, longest)

    def _pace(self, call: Call) -> _Pace:
        return self._paces.setdefault(call, _Pace())
