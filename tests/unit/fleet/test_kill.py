"""After a kill at any step, another run or ``reap`` leaves no machine, and nothing is lost."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orchestrator.fleet.clock import SimulatedClock
from orchestrator.fleet.journal import Journal
from orchestrator.fleet.limits import FleetLimits
from orchestrator.fleet.reap import find_all, reap, to_reap
from orchestrator.model.experiment import Reason
from orchestrator.model.machine import Lost, Machine, Rejected
from orchestrator.providers import registry
from tests.fakes.file_cloud import FileCloud
from tests.unit.fleet.fleets import Made, platform

PLATFORMS = 4
KILLED, DONE = 137, 0


class Killer:
    """Ends the process at step ``at`` with all threads and without ``finally``; 0: never."""

    def __init__(self, at: int) -> None:
        self._left = at

    def __call__(self) -> None:
        self._left -= 1
        if self._left == 0:
            os._exit(KILLED)


def run(folder: Path, seed: int, kill_at: int, start: float, faults: float = 0.15) -> None:
    """One call of the program: recovery, work for all platforms without a result, cleanup."""
    killer = Killer(kill_at)
    clock = SimulatedClock(start)
    cloud = FileCloud(folder / "cloud", clock.now, seed=seed, faults=faults, step=killer)
    limits = FleetLimits(machines=3, attempts=10)
    made = Made(folder, {"aws": cloud}, clock, limits=limits)
    write = made.journal._write

    def killed_write(*values: object) -> None:
        killer()
        write(*values)  # type: ignore[arg-type]
        killer()

    made.journal._write = killed_write  # type: ignore[assignment]
    results = folder / "results"

    def work(machine: Machine, stop: Event) -> str:
        clock.sleep(10, stop)
        unlucky = hash((seed, machine.id)) % 10
        if unlucky == 0:
            raise Rejected(Reason("cpu", "not what was asked for"))
        if unlucky == 1:
            raise Lost(Reason("connection", "the host is gone"))
        killer()
        with results.open("a") as file:
            file.write(f"{machine.platform.name}\n")
        killer()
        return machine.id

    made.fleet.recover()
    done = results.read_text().split() if results.exists() else []
    asked = [p for p in map(platform, range(PLATFORMS)) if p.name not in done]
    for served in made.fleet.run(asked, work):
        assert served.reason is None or served.attempts, served
    made.fleet.cleanup()


def in_child(job: Callable[[], None]) -> int:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            job()
            code = DONE
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


KILLS = {
    "seed": st.integers(0, 10**6),
    "kills": st.lists(st.integers(1, 120), min_size=1, max_size=4),
    "reaped": st.booleans(),
}


@settings(max_examples=20, deadline=None)
@given(**KILLS)
# Killed between the intent and the launch, and between the launch and its entry in the journal.
@example(seed=1, kills=[3], reaped=False)
@example(seed=1, kills=[7], reaped=False)
@example(seed=1, kills=[7], reaped=True)
def test_killed_at_any_step(seed: int, kills: list[int], *, reaped: bool) -> None:
    nothing_is_lost_doubled_or_left(seed, kills, reaped=reaped)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(**KILLS)
def test_killed_at_very_many_steps(seed: int, kills: list[int], *, reaped: bool) -> None:
    nothing_is_lost_doubled_or_left(seed, kills, reaped=reaped)


def nothing_is_lost_doubled_or_left(seed: int, kills: list[int], *, reaped: bool) -> None:
    folder = Path(tempfile.mkdtemp(prefix="eqc-kill-"))
    try:
        for call, kill_at in enumerate(kills):
            code = in_child(lambda: run(folder, seed + call, kill_at, 10_000.0 * call))  # noqa: B023
            assert code in (KILLED, DONE)
        end = 10_000.0 * len(kills)
        cloud = FileCloud(folder / "cloud", lambda: end)
        if reaped:
            assert in_child(lambda: only_reap(folder, end)) == DONE
        else:
            assert in_child(lambda: run(folder, seed, 0, end, faults=0.0)) == DONE
            check_journal(folder, cloud)
        assert list(cloud.find()) == []
        tokens = Counter(row.token for row in cloud.ever())
        assert set(tokens.values()) <= {1}
        check_never_two_at_once(cloud)
    finally:
        shutil.rmtree(folder)


def only_reap(folder: Path, now: float) -> None:
    """Reap without a journal and results: only the cloud's list of machines is used."""
    clock = SimulatedClock(now)
    cloud = FileCloud(folder / "cloud", clock.now)
    found = find_all({"aws": cloud})
    chosen = [m for m, _ in to_reap(found.machines, now, (), owner="me")]
    assert reap({"aws": cloud}, chosen, clock, registry.how_to_end).left == ()


def check_journal(folder: Path, cloud: FileCloud) -> None:
    """Check that every machine has an earlier intent, and that every intent has an outcome."""
    journal = Journal(folder / "journal.sqlite")
    tokens = {intent.token: intent for intent in journal.intents()}
    assert {row.token for row in cloud.ever()} <= set(tokens)
    assert list(journal.open_intents()) == []
    for row in cloud.ever():
        assert tokens[row.token].machine_id == f"m-{row.id}"
    journal.close()
    results = (folder / "results").read_text().split()
    assert sorted(results) == sorted({p.name for p in map(platform, range(PLATFORMS))})


def check_never_two_at_once(cloud: FileCloud) -> None:
    """Check that no platform ever had two machines at the same time."""
    by_platform: dict[str, list[tuple[float, float]]] = {}
    for row in cloud.ever():
        assert row.ended is not None
        by_platform.setdefault(row.platform, []).append((row.launched, row.ended))
    for lives in by_platform.values():
        for (_, ended), (launched, _) in zip(sorted(lives), sorted(lives)[1:], strict=False):
            assert ended <= launched
