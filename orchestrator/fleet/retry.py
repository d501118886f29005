"""Calls to a provider: how fast they are made, and how often one is retried."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from threading import Event
from typing import TypeVar

from orchestrator.fleet.clock import Clock
from orchestrator.model.experiment import Reason
from orchestrator.model.machine import ProviderError, ProviderErrorKind, Unavailable

START = 10.0
FASTEST = 50.0
SLOWEST = 0.1
FASTER = 0.5
"""Calls per second: at first, the most, the least, and how much a success adds."""
FIRST_DELAY = 1.0
LONGEST_DELAY = 60.0
"""Seconds before a retry: the bound doubles each time up to the longest; the delay is drawn
uniformly below it (full jitter)."""

Call = tuple[str, str | None, str]
"""(provider, region, operation): providers limit the rate of each of these separately."""
Answer = TypeVar("Answer")

INTERRUPTED = Reason("interrupted", "the run was ended before the work of this platform was done")


@dataclass(frozen=True)
class Retrier:
    """Makes a call until it is answered, no faster than the provider allows."""

    rates: RateLimiter
    clock: Clock

    def run(
        self,
        call: Call,
        action: Callable[[], Answer],
        seconds: float,
        *,
        again: Collection[ProviderErrorKind],
        stop: Event | None = None,
        on_again: Callable[[ProviderError], None] | None = None,
    ) -> Answer:
        """The answer of ``action``, retried for at most ``seconds`` in all.

        ``again``: the errors after which it is retried; ``on_again`` is called before each retry.
        Raises the last ``ProviderError``, or ``Unavailable`` (``INTERRUPTED``) once ``stop`` is
        set.
        """
        deadline = self.clock.now() + seconds
        repetition = 0
        while True:
            began = self.rates.turn(call, stop)
            if stop is not None and stop.is_set():
                raise Unavailable(INTERRUPTED.code, INTERRUPTED.message)
            try:
                answer = action()
            except ProviderError as refusal:
                if refusal.kind is ProviderErrorKind.THROTTLED:
                    self.rates.throttled(call, began, refusal.retry_after)
                delay = self.rates.delay(repetition, refusal.retry_after)
                repetition += 1
                if refusal.kind not in again or self.clock.now() + delay > deadline:
                    raise
                if on_again is not None:
                    on_again(refusal)
                self.clock.sleep(delay, stop)
            else:
                self.rates.succeeded(call)
                return answer


@dataclass
class _Pace:
    rate: float = START
    next_call: float = 0.0
    slowed: float = float("-inf")


class RateLimiter:
    """Limits the rate of each ``Call``: additive increase, multiplicative decrease."""

    def __init__(self, clock: Clock, seed: int | None = None) -> None:
        self._clock = clock
        self._random = random.Random(seed)  # noqa: S311 - jitter, no secret
        self._lock = threading.Lock()
        self._paces: dict[Call, _Pace] = {}

    def turn(self, call: Call, stop: Event | None = None) -> float:
        """Wait until one more call may be made; the time (Unix seconds) at which it begins."""
        with self._lock:
            pace = self._pace(call)
            now = self._clock.now()
            at = max(now, pace.next_call)
            pace.next_call = at + self._random.uniform(0.5, 1.5) / pace.rate
        if at > now:
            self._clock.sleep(at - now, stop)
        return at

    def throttled(self, call: Call, began: float, retry_after: float | None = None) -> None:
        """Slow down: the call that began at ``began`` (Unix seconds) was refused as one too many.

        Many refusals of calls that began at the same rate halve that rate once, not each time.
        ``retry_after``: seconds that the provider asked to wait.
        """
        with self._lock:
            pace, now = self._pace(call), self._clock.now()
            if began > pace.slowed:
                pace.rate = max(pace.rate / 2, SLOWEST)
                pace.slowed = now
            pace.next_call = max(pace.next_call, now + (retry_after or 0.0))

    def succeeded(self, call: Call) -> None:
        """The call was not throttled: raise the rate a little."""
        with self._lock:
            pace = self._pace(call)
            pace.rate = min(pace.rate + FASTER, FASTEST)

    def rate(self, call: Call) -> float:
        """Calls per second at present."""
        with self._lock:
            return self._pace(call).rate

    def delay(self, repetition: int, retry_after: float | None = None) -> float:
        """Seconds before retry number 0, 1, …: full jitter, on top of ``retry_after``."""
        longest = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(repetition, 30))
        with self._lock:
            return (retry_after or 0.0) + self._random.uniform(0.0, longest)

    def _pace(self, call: Call) -> _Pace:
        return self._paces.setdefault(call, _Pace())
