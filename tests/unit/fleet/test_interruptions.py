from __future__ import annotations

import errno
import threading
import time
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from bench.synthetic.provider import SyntheticProvider
from orchestrator.errors import EnvironmentNotReady
from orchestrator.fleet.clock import RealClock, SimulatedClock
from orchestrator.fleet.limits import FleetLimits, Timeouts
from orchestrator.model.machine import Machine
from tests.unit.fleet.fleets import A, Made, nothing_left, platform, provider


def test_the_first_interrupt_ends_work_and_launching(tmp_path: Path) -> None:
    clock = RealClock()
    cloud = provider(clock, offers=(A,), boot=lambda _: 0.0, call_seconds=0.0)
    made = Made(tmp_path, cloud, clock, limits=FleetLimits(machines=2))
    working = threading.Semaphore(0)

    def work(machine: Machine, stop: Event) -> str:
        working.release()
        assert stop.wait(30)
        return "partial"

    def interrupt() -> None:
        working.acquire()
        made.stop.set()

    threading.Thread(target=interrupt, daemon=True).start()
    served = list(made.fleet.run([platform(n) for n in range(6)], work))
    assert {s.result for s in served} == {"partial", None}
    assert {s.reason.code for s in served if s.reason} == {"interrupted"}
    assert len(cloud.made) == 2
    nothing_left(made, cloud)


def test_after_the_second_interrupt_only_releases_are_waited_for(tmp_path: Path) -> None:
    clock = RealClock()
    cloud = provider(clock, boot=lambda _: 0.0, call_seconds=0.0)
    made = Made(tmp_path, cloud, clock)
    working, forever = threading.Barrier(4), Event()

    def work(machine: Machine, stop: Event) -> str:
        working.wait(10)
        forever.wait(60)
        return "too late"

    def interrupt() -> None:
        working.wait(10)
        made.stop.set()
        made.abort.set()

    threading.Thread(target=interrupt, daemon=True).start()
    began = time.monotonic()
    served = list(made.fleet.run([platform(n) for n in range(3)], work))
    assert time.monotonic() - began < 20
    assert [s.result for s in served] == [None] * 3
    assert cloud.alive == {}
    nothing_left(made, cloud)
    forever.set()


def test_a_call_that_hangs_ends_by_the_timeout_of_its_phase(tmp_path: Path) -> None:
    clock, hang = RealClock(), Event()

    class Hanging(SyntheticProvider):
        def wait(self, machine: Machine) -> Machine:
            hang.wait(60)
            return machine

    cloud = Hanging(clock, (A,), call_seconds=0.0)
    made = Made(tmp_path, cloud, clock, timeouts=Timeouts(boot=0.2))
    (served,) = made.fleet.run([platform()], made.work(0))
    assert served.reason is not None
    assert served.reason.code == "timeout"
    assert "booting" in served.reason.message
    nothing_left(made, cloud)
    hang.set()


def test_work_is_stopped_before_its_machine_ends_itself(tmp_path: Path) -> None:
    clock = RealClock()
    cloud = provider(clock, boot=lambda _: 0.0, call_seconds=0.0)
    made = Made(tmp_path, cloud, clock, lifetime=lambda _: 0.5)

    def work(machine: Machine, stop: Event) -> str:
        return "told" if stop.wait(30) else "forgotten"

    (served,) = made.fleet.run([platform()], work)
    assert served.result == "told"


def test_when_the_cost_limit_is_reached_all_work_ends_with_that_reason(tmp_path: Path) -> None:
    clock = RealClock()
    dear = replace(A, price_per_hour=60.0)
    cloud = provider(clock, offers=(dear,), boot=lambda _: 0.0, call_seconds=0.0)
    # The first minute is billed as a whole: two machines cost two dollars at once.
    limits = FleetLimits(cost=2.0, machines=2)
    made = Made(tmp_path, cloud, clock, limits=limits)

    def work(machine: Machine, stop: Event) -> str:
        return "told" if stop.wait(30) else "forgotten"

    served = list(made.fleet.run([platform(n) for n in range(4)], work))
    assert "forgotten" not in {s.result for s in served}
    assert made.fleet.over_limit == "2 USD of `limits: cost` (2 USD) are spent"
    assert len(cloud.made) == 2
    nothing_left(made, cloud)


def test_when_the_time_limit_is_reached_all_work_ends(tmp_path: Path) -> None:
    clock = RealClock()
    cloud = provider(clock, boot=lambda _: 0.0, call_seconds=0.0)
    made = Made(tmp_path, cloud, clock, limits=FleetLimits(wall=clock.now() + 0.3))

    def work(machine: Machine, stop: Event) -> str:
        return "told" if stop.wait(30) else "forgotten"

    (served,) = made.fleet.run([platform()], work)
    assert served.result == "told"
    assert made.fleet.over_limit is not None
    assert "hours" in made.fleet.over_limit


def test_an_error_in_the_work_releases_all_machines_and_is_raised(tmp_path: Path) -> None:
    clock = RealClock()
    cloud = provider(clock, boot=lambda _: 0.0, call_seconds=0.0)
    made = Made(tmp_path, cloud, clock)

    def work(machine: Machine, stop: Event) -> str:
        if machine.platform.name == "aws/2":
            raise OSError("disk full")
        stop.wait(30)
        return machine.id

    with pytest.raises(OSError, match="disk full"):
        list(made.fleet.run([platform(n) for n in range(4)], work))
    assert cloud.alive == {}
    nothing_left(made, cloud)


def test_a_caller_that_stops_iterating_leaves_no_machine(tmp_path: Path) -> None:
    clock = RealClock()
    cloud = provider(clock, boot=lambda _: 0.0, call_seconds=0.0)
    made = Made(tmp_path, cloud, clock)

    def work(machine: Machine, stop: Event) -> str:
        if machine.platform.name != "aws/0":
            stop.wait(30)
        return machine.id

    serving = made.fleet.run([platform(n) for n in range(4)], work)
    assert next(iter(serving)).platform.name == "aws/0"
    serving.close()  # type: ignore[attr-defined]
    assert cloud.alive == {}


def test_an_error_while_a_hanging_task_is_given_up_ends_the_fleet(tmp_path: Path) -> None:
    clock, hang = RealClock(), Event()
    cloud = provider(clock, offers=(A,), boot=lambda _: 0.0, call_seconds=0.0)
    made = Made(tmp_path, cloud, clock)

    def full(*_: object) -> None:
        raise EnvironmentNotReady("no space left on this disk")

    def work(machine: Machine, stop: Event) -> str:
        made.journal.ended = full  # type: ignore[method-assign]
        made.stop.set()
        made.abort.set()
        hang.wait(60)
        return "too late"

    ended: list[BaseException] = []

    def run() -> None:
        try:
            list(made.fleet.run([platform()], work))
        except EnvironmentNotReady as error:
            ended.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(20)
    hang.set()
    assert not thread.is_alive()
    assert "no space left" in str(ended[0])
    assert cloud.alive == {}


def test_a_listener_that_raises_ends_nothing(tmp_path: Path) -> None:
    clock = SimulatedClock()
    cloud = provider(clock)

    def full(_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    made = Made(tmp_path, cloud, clock, tell=full)
    served = list(made.fleet.run([platform(n) for n in range(3)], made.work()))
    assert [one.reason for one in served] == [None] * 3
    nothing_left(made, cloud)
