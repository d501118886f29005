"""Ending machines that no run will end: found by tag alone, without a journal, from any folder.

A machine does not show whether the process that started it still runs: that may be on another
computer. A heartbeat in the tags would cost a call per machine and minute, and a run whose
computer slept for an hour would lose its machines. So a machine past its expiry is to be ended in
any case; of the others, the machines of runs that no process of *this* computer drives are
candidates, with that reason. Listing ends nothing: ``reap`` is a separate step.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from orchestrator.fleet.clock import Clock
from orchestrator.fleet.limits import Timeouts
from orchestrator.fleet.release import HowToEnd, Releaser
from orchestrator.fleet.retry import RateLimiter, Retrier
from orchestrator.model.machine import Machine, Provider, Unavailable
from orchestrator.system.counted import counted

AT_ONCE = 16
ROUNDS = 5
FIRST_PAUSE = 1.0


@dataclass(frozen=True)
class Found:
    """All machines that are up, and what could not be searched."""

    machines: tuple[Machine, ...]
    not_seen: tuple[tuple[str, str], ...] = ()
    """(provider, its error) for each provider that could not list its machines."""


@dataclass(frozen=True)
class Reaped:
    """Which of the machines that were to be ended have ended."""

    ended: tuple[Machine, ...]
    left: tuple[tuple[Machine, str], ...]
    """Not confirmed ended: the machine, and why with the command that ends it."""


def find_all(providers: Mapping[str, Provider]) -> Found:
    """Every machine with our tags at every provider, in the order of the providers' names."""

    def find(name: str) -> Found:
        try:
            return Found(tuple(providers[name].find()))
        except Unavailable as error:
            return Found((), ((name, str(error)),))

    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        each = list(pool.map(find, sorted(providers)))
    return Found(
        tuple(machine for found in each for machine in found.machines),
        tuple(one for found in each for one in found.not_seen),
    )


def to_reap(
    machines: Iterable[Machine],
    now: float,
    live_runs: Collection[str],
    *,
    owner: str | None = None,
    run: str | None = None,
) -> list[tuple[Machine, str]]:
    """The machines that may be ended, each with the reason.

    ``now``: Unix seconds. ``live_runs``: tags of runs that a process of this computer drives at
    this moment. ``owner``: only this person's machines; ``None``: everybody's. ``run``: only this
    run's machines; ``None``: every run's.
    """
    chosen = []
    for machine in machines:
        if owner is not None and machine.owner != owner:
            continue
        if run is not None and machine.run != run:
            continue
        if machine.expires is not None and machine.expires <= now:
            chosen.append((machine, f"expired {_age(now - machine.expires)} ago"))
        elif machine.run is None or machine.run not in live_runs:
            chosen.append((machine, f"run {machine.run or 'unknown'} is not driven from here"))
    return chosen


def reap(
    providers: Mapping[str, Provider],
    chosen: Sequence[Machine],
    clock: Clock,
    how_to_end: HowToEnd,
) -> Reaped:
    """End the machines side by side, then verify that the providers list none of them."""
    retrier = Retrier(RateLimiter(clock), clock)
    releaser = Releaser(providers, retrier, clock, Timeouts())
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        answers = list(pool.map(releaser.end, chosen))
    left = {_key(m): why for m, why in zip(chosen, answers, strict=True) if why is not None}
    ended = [machine for machine in chosen if _key(machine) not in left]
    pause = FIRST_PAUSE
    for _ in range(ROUNDS):
        unconfirmed = _unconfirmed(providers, ended)
        if not unconfirmed:
            break
        # Lists of machines lag behind their ends: look again before a machine counts as left.
        clock.sleep(pause)
        pause *= 2
    left |= unconfirmed
    return Reaped(
        tuple(machine for machine in chosen if _key(machine) not in left),
        tuple((m, f"{left[_key(m)]}; {how_to_end(m)}") for m in chosen if _key(m) in left),
    )


def _unconfirmed(providers: Mapping[str, Provider], ended: Sequence[Machine]) -> dict[_Key, str]:
    """Of the released machines those that are still listed or cannot be looked up, with why."""
    names = {machine.platform.provider for machine in ended}
    found = find_all({name: providers[name] for name in names})
    listed, not_seen = {_key(machine) for machine in found.machines}, dict(found.not_seen)
    return {
        _key(m): not_seen.get(m.platform.provider, "listed after its release")
        for m in ended
        if _key(m) in listed or m.platform.provider in not_seen
    }


_Key = tuple[str, str]


def _key(machine: Machine) -> _Key:
    return machine.platform.provider, machine.id


def _age(seconds: float) -> str:
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 129600 else counted(round(seconds / 86400), "day")
