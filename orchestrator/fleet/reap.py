"""Ending what nobody will end: found by tag alone, without a journal, from any folder.

Whether the process that drives a run still lives can't be seen from the machines: it may be on
another computer. A heartbeat in the tags would cost a call per machine and minute, and a run whose
computer slept for an hour would lose its machines. So: what is past its expiry is to be ended,
whoever drives it; of the rest, the machines of all runs that *this* computer is not known to drive
are candidates, with that reason. Listing ends nothing: ``reap`` is a step of its own.
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

AT_ONCE = 16
ROUNDS = 5
FIRST_PAUSE = 1.0


@dataclass(frozen=True)
class Found:
    """All that is alive, and the providers that could not be asked, with their answer."""

    machines: tuple[Machine, ...]
    blind: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Reaped:
    """What became of the machines that were to be ended."""

    ended: tuple[Machine, ...]
    left: tuple[tuple[Machine, str], ...]
    """Not confirmed to have ended: why, and what to type."""


def find_all(providers: Mapping[str, Provider]) -> Found:
    """Every machine of ours at every provider, in the order of their names."""

    def ask(name: str) -> Found:
        try:
            return Found(tuple(providers[name].find()))
        except Unavailable as error:
            return Found((), ((name, str(error)),))

    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        each = list(pool.map(ask, sorted(providers)))
    return Found(
        tuple(machine for found in each for machine in found.machines),
        tuple(name for found in each for name in found.blind),
    )


def to_reap(
    machines: Iterable[Machine],
    now: float,
    live_runs: Collection[str],
    *,
    owner: str | None = None,
    run: str | None = None,
) -> list[tuple[Machine, str]]:
    """Those that may be ended, each with why.

    ``live_runs``: tags of runs that a process of this computer drives at this moment. ``owner``:
    only whose machines, ``None``: everybody's. ``run``: only of this run.
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
    """End them side by side, then look whether they are gone."""
    retrier = Retrier(RateLimiter(clock), clock)
    releaser = Releaser(providers, retrier, clock, Timeouts())
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        answers = list(pool.map(releaser.end, chosen))
    left = {_key(m): why for m, why in zip(chosen, answers, strict=True) if why is not None}
    ended = [machine for machine in chosen if _key(machine) not in left]
    pause = FIRST_PAUSE
    for _ in range(ROUNDS):
        doubted = _doubted(providers, ended)
        if not doubted:
            break
        # Lists of machines lag behind their ends: being listed once more proves nothing.
        clock.sleep(pause)
        pause *= 2
    left |= doubted
    return Reaped(
        tuple(machine for machine in chosen if _key(machine) not in left),
        tuple((m, f"{left[_key(m)]}; {how_to_end(m)}") for m in chosen if _key(m) in left),
    )


def _doubted(providers: Mapping[str, Provider], ended: Sequence[Machine]) -> dict[_Key, str]:
    """Of machines that were said to end, those that are listed still or can't be looked for."""
    names = {machine.platform.provider for machine in ended}
    found = find_all({name: providers[name] for name in names})
    listed, blind = {_key(machine) for machine in found.machines}, dict(found.blind)
    return {
        _key(m): blind.get(m.platform.provider, "listed after its release")
        for m in ended
        if _key(m) in listed or m.platform.provider in blind
    }


_Key = tuple[str, str]


def _key(machine: Machine) -> _Key:
    return machine.platform.provider, machine.id


def _age(seconds: float) -> str:
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 129600 else f"{seconds / 86400:.0f} days"
