from __future__ import annotations

import threading
import time

from orchestrator.fleet.clock import Clock, RealClock, SimulatedClock


def together(clock: Clock, *works: object) -> None:
    clock.expect(len(works))

    def run(work: object) -> None:
        with clock.working():
            work()  # type: ignore[operator]

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def test_simulated_hours_take_no_time_and_end_in_order() -> None:
    clock, seen = SimulatedClock(100.0), []

    def sleeper(seconds: float) -> object:
        def work() -> None:
            for _ in range(3):
                clock.sleep(seconds)
                seen.append(clock.now())

        return work

    began = time.monotonic()
    together(clock, *(sleeper(3600.0 * n) for n in (1, 2, 3)))
    assert time.monotonic() - began < 5
    assert seen == sorted(seen)
    assert clock.now() == 100.0 + 9 * 3600


def test_time_stands_still_while_a_thread_computes_or_was_just_woken() -> None:
    clock, gate, seen = SimulatedClock(), None, []
    gate = clock.gate()

    def waits() -> None:
        gate.wait()
        time.sleep(0.05)
        seen.append(clock.now())

    def opens() -> None:
        clock.sleep(5)
        gate.open()
        clock.sleep(1000)

    together(clock, waits, opens)
    assert seen == [5.0]


def test_an_open_gate_does_not_block() -> None:
    for clock in (SimulatedClock(), RealClock()):
        gate = clock.gate()
        gate.open()
        gate.wait()
        gate.open()


def test_a_thread_that_was_not_announced_may_sleep() -> None:
    clock = SimulatedClock()
    clock.sleep(30)
    assert clock.now() == 30


def test_the_real_clock_wakes_for_stop() -> None:
    stop = threading.Event()
    stop.set()
    began = time.monotonic()
    RealClock().sleep(60, stop)
    assert time.monotonic() - began < 5
    assert abs(RealClock().now() - time.time()) < 5
