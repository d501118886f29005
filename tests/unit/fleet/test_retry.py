from __future__ import annotations

import pytest

from orchestrator.fleet.clock import SimulatedClock
from orchestrator.fleet.retry import FASTEST, LONGEST_DELAY, SLOWEST, START, RateLimiter

CALL = ("aws", "us-east-1", "launch")
OTHER = ("aws", "eu-central-1", "launch")


def test_calls_are_spaced_by_the_pace() -> None:
    clock = SimulatedClock()
    backoff = RateLimiter(clock, seed=1)
    times = [backoff.turn(CALL) for _ in range(200)]
    assert times == sorted(times)
    assert 199 / times[-1] == pytest.approx(START, rel=0.1)


def test_a_storm_slows_down_once_and_success_speeds_up_again() -> None:
    clock = SimulatedClock()
    backoff = RateLimiter(clock, seed=1)
    began = [backoff.turn(CALL) for _ in range(20)]
    for at in began:
        backoff.throttled(CALL, at)
    assert backoff.rate(CALL) == START / 2
    assert backoff.rate(OTHER) == START
    backoff.throttled(CALL, clock.now() + 1)
    assert backoff.rate(CALL) == START / 4
    for _ in range(1000):
        backoff.succeeded(CALL)
    assert backoff.rate(CALL) == FASTEST


def test_it_never_stands_still() -> None:
    clock = SimulatedClock()
    backoff = RateLimiter(clock, seed=1)
    for _ in range(100):
        clock.sleep(1)
        backoff.throttled(CALL, clock.now())
    assert backoff.rate(CALL) == SLOWEST


def test_what_the_provider_asks_for_is_kept_to() -> None:
    clock = SimulatedClock()
    backoff = RateLimiter(clock, seed=1)
    backoff.throttled(CALL, backoff.turn(CALL), retry_after=120)
    assert backoff.turn(CALL) >= 120
    assert backoff.delay(0, retry_after=7) >= 7


def test_delays_double_with_full_jitter_up_to_a_bound() -> None:
    backoff = RateLimiter(SimulatedClock(), seed=1)
    for repetition, longest in ((0, 1.0), (3, 8.0), (50, LONGEST_DELAY)):
        drawn = [backoff.delay(repetition) for _ in range(300)]
        assert 0 <= min(drawn) < 0.1 * longest
        assert 0.9 * longest < max(drawn) <= longest
