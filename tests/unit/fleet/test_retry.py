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


def test_throttled_calls_of_one_burst_halve_the_rate_once_and_success_raises_it() -> None:
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


def test_the_rate_has_a_lower_bound() -> None:
    clock = SimulatedClock()
    backoff = RateLimiter(clock, seed=1)
    for _ in range(100):
        clock.sleep(1)
        backoff.throttled(CALL, clock.now())
    assert backoff.rate(CALL) == SLOWEST


def test_the_providers_retry_after_is_respected() -> None:
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
