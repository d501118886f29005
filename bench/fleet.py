"""How long 75 machines take in parallel, and how much CPU and memory 2,000 need on this computer.

Part 1, on a simulated clock: boots of 30 to 120 s and work of 60 to 180 s, drawn from a seed; a
provider with five regions, each of which accepts 5 launches at once and then 2 a second, as EC2
does. The fleet's time is compared with that of the slowest machine (a lower bound) and with one
machine after the other (as the study's scripts worked), with the same provider and draws.

Part 2, in real time in a process of its own: 2,000 machines at once, with boots 20 times as fast.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

from synthetic.provider import Bucket, SyntheticProvider, drawn

from orchestrator.fleet.clock import Clock, RealClock, SimulatedClock
from orchestrator.fleet.journal import Journal
from orchestrator.fleet.limits import FleetLimits
from orchestrator.fleet.provision import LaunchTemplate
from orchestrator.fleet.scheduler import Fleet
from orchestrator.model.experiment import Platform, pairs
from orchestrator.model.machine import Machine, Offer, Order

MACHINES, MANY = 75, 2_000
SEED = 2023
REGIONS = tuple("abcde")
FASTER = 20.0
"""Boots and work of part 2 are faster than real ones by this factor."""
RATIO, MEGABYTES, CORES = 1.15, 500, 2


def boot(platform: Platform) -> float:
    return drawn(SEED, f"boot {platform.name}", 30, 120)


def work_seconds(platform: Platform) -> float:
    return drawn(SEED, f"work {platform.name}", 60, 180)


def platforms(count: int) -> list[Platform]:
    return [Platform("aws", f"p{n}", pairs({"number": n})) for n in range(count)]


def offers(platform: Platform) -> tuple[Offer, ...]:
    """One offer in one region, as if each of five hardware families were cheapest in another."""
    number = int(str(platform.get("number")))
    return (Offer(REGIONS[number % len(REGIONS)], None, "m5.large", price_per_hour=0.1),)


def provider(clock: Clock, faster: float = 1.0, launches: float = 2.0) -> SyntheticProvider:
    return SyntheticProvider(
        clock,
        offers,
        boot=lambda platform: boot(platform) / faster,
        call_seconds=0.5 / faster,
        bucket=lambda: Bucket(5, launches * faster),
    )


def fleet_of(folder: Path, cloud: SyntheticProvider, clock: Clock) -> Fleet:
    journal = Journal(folder / "journal.sqlite")
    template = LaunchTemplate("bench", owner="bench")
    return Fleet(
        journal,
        {"aws": cloud},
        FleetLimits(launches_per_region=None),
        template,
        clock,
        lambda _: None,
        Event(),
        Event(),
        how_to_end=lambda machine: machine.id,
        seed=SEED,
    )


def working(clock: Clock, faster: float = 1.0) -> Callable[[Machine, Event], str]:
    def work(machine: Machine, stop: Event) -> str:
        clock.sleep(work_seconds(machine.platform) / faster, stop)
        return machine.id

    return work


def one_after_the_other() -> float:
    clock = SimulatedClock()
    cloud = provider(clock)
    work = working(clock)
    for platform in platforms(MACHINES):
        machine = cloud.launch(Order("bench", platform, offer=offers(platform)[0]))
        cloud.wait(machine)
        work(machine, Event())
        cloud.release(machine)
    return clock.now()


def side_by_side() -> float:
    asked = platforms(MACHINES)
    bound = max(boot(p) + work_seconds(p) for p in asked)
    clock = SimulatedClock()
    cloud = provider(clock)
    with tempfile.TemporaryDirectory() as folder:
        fleet = fleet_of(Path(folder), cloud, clock)
        served = list(fleet.run(asked, working(clock)))
        wall = clock.now()
        cleanup = fleet.cleanup()
    assert all(s.reason is None for s in served)
    sequential = one_after_the_other()
    print(
        f"fleet: {MACHINES} machines in {wall:.0f} s (simulated), {wall / bound:.3f} of the "
        f"slowest machine's {bound:.0f} s (limit {RATIO}); {cloud.throttled} launches throttled"
    )
    print(
        f"fleet: one after the other {sequential:.0f} s, {sequential / wall:.1f} times as long; "
        f"machines left: {cleanup.left}"
    )
    return wall / bound


def many() -> None:
    """Part 2; prints machines, seconds, CPU seconds and peak memory."""
    clock = RealClock()
    cloud = provider(clock, FASTER, launches=10.0)
    with tempfile.TemporaryDirectory() as folder:
        fleet = fleet_of(Path(folder), cloud, clock)
        began, cpu = time.monotonic(), time.process_time()
        served = sum(s.reason is None for s in fleet.run(platforms(MANY), working(clock, FASTER)))
        left = fleet.cleanup().left
        seconds, cpu = time.monotonic() - began, time.process_time() - cpu
    assert (served, left) == (MANY, 0)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(cloud.most, seconds, cpu, megabytes)


def main() -> None:
    ratio = side_by_side()
    argv = [sys.executable, __file__, "many"]
    done = subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True)
    most, seconds, cpu, megabytes = map(float, done.stdout.split())
    print(
        f"fleet: {MANY} machines, {most:.0f} of them at once, in {seconds:.1f} s of real time: "
        f"{cpu / seconds:.2f} of {CORES} cores, {megabytes:.0f} MB (limit {MEGABYTES} MB)"
    )
    assert ratio <= RATIO, "the fleet waits too long"
    assert megabytes < MEGABYTES, "the controller takes too much memory"
    assert cpu / seconds < CORES * 0.9, "the controller saturates the cores"


if __name__ == "__main__":
    if sys.argv[1:] == ["many"]:
        many()
    else:
        main()
