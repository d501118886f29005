"""The end of a run, and the start of its next call: what is left is ended, verifiably.

It asks the providers, not only the journal: what bears the run's tag is ours. And it asks the
journal, not only the providers: an order whose answer was lost may show up late.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from orchestrator.errors import MachinesLeft
from orchestrator.fleet.clock import Clock
from orchestrator.fleet.journal import Intent, Journal, Outcome
from orchestrator.fleet.limits import Timeouts
from orchestrator.fleet.release import Releaser
from orchestrator.model.machine import Machine, Provider, Unavailable

AT_ONCE = 16
ROUNDS = 6
FIRST_PAUSE = 1.0
"""Seconds before the second round, doubled each time: lists of machines lag behind their ends."""


@dataclass(frozen=True)
class Cleanup:
    """A run's last look round. Costs in US dollars."""

    left: int
    """Always 0: else ``MachinesLeft`` was raised."""
    cost_estimated: float | None
    """As planned, where the caller knows."""
    cost_actual: float
    """List price times the time from the order's answer to the confirmed end, over all calls."""
    unpriced: int
    """Machines of unknown price: then the cost is at least this."""
    untidy: tuple[str, ...] = ()
    """Providers where something that is no machine may be left (a key pair, a group), and why."""


class Cleaner:
    """Ends everything of one run."""

    def __init__(
        self,
        run: str,
        providers: Mapping[str, Provider],
        journal: Journal,
        releaser: Releaser,
        clock: Clock,
        timeouts: Timeouts,
    ) -> None:
        self._run = run
        self._providers = providers
        self._journal = journal
        self._releaser = releaser
        self._clock = clock
        self._timeouts = timeouts
        self._looked_for: set[str] = set()

    def clear(self) -> None:
        """End all machines of the run and close all its intents. Raises ``MachinesLeft``."""
        names = sorted({*self._providers, *(i.provider for i in self._journal.open_intents())})
        with ThreadPoolExecutor(max_workers=max(len(names), 1)) as pool:
            left = [text for texts in pool.map(self._clear_provider, names) for text in texts]
        if left:
            raise MachinesLeft("could not be confirmed ended:\n  " + "\n  ".join(left))

    def delete_shared(self) -> tuple[str, ...]:
        """Remove what only served the run's machines; where that failed, and why."""
        names = sorted({i.provider for i in self._journal.intents()} & self._providers.keys())
        with ThreadPoolExecutor(max_workers=max(len(names), 1)) as pool:
            answers = pool.map(lambda name: self._releaser.delete_shared(name, self._run), names)
            return tuple(answer for answer in answers if answer is not None)

    # -- one provider -----------------------------------------------------------------------

    def _clear_provider(self, name: str) -> list[str]:
        """What is left at ``name``, in words."""
        intents = self._open(name)
        if name not in self._providers:
            return [_lost_sight(intent) for intent in intents]
        # Those whose id is written down are ended even if the provider doesn't list them.
        left = self._end_all([m for m in (i.machine() for i in intents) if m is not None])
        pause = FIRST_PAUSE
        for _ in range(ROUNDS):
            asked = self._clock.now()
            try:
                found = self._releaser.find(name, self._run)
            except Unavailable as error:
                return self._blind(name, left, error)
            for machine_id in [m.id for m in found]:
                left.pop(machine_id, None)
            left |= self._end_all(found)
            wait = self._settle(name, asked)
            if not found and not wait:
                return list(left.values())
            self._clock.sleep(max(pause, wait))
            pause *= 2
        still = {m.id: f"{m.id} is listed after its release: {how_to_end(m)}" for m in found}
        return [*(still | left).values(), *(_lost_sight(i) for i in self._silent(name))]

    def _end_all(self, machines: Sequence[Machine]) -> dict[str, str]:
        """End them side by side; those that couldn't be, by id, with why and what to do."""
        by_token = {i.token: i for i in self._journal.intents()}
        for machine in machines:
            intent = by_token.get(machine.token or "")
            if intent is not None and intent.machine_id is None:
                made = machine.launched or intent.intended_at
                self._journal.launched(intent.token, machine.id, made)
        with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
            ends = list(pool.map(self._releaser.end, machines))
        now = self._clock.now()
        for machine, why in zip(machines, ends, strict=True):
            if why is None and machine.token in by_token:
                self._journal.ended(machine.token, Outcome.RELEASED, "swept", now)
        return {
            machine.id: f"{machine.id} ({why}): {how_to_end(machine)}"
            for machine, why in zip(machines, ends, strict=True)
            if why is not None
        }

    def _settle(self, name: str, asked: float) -> float:
        """Close silent orders that must have shown when ``asked``; seconds until others must."""
        waits = [0.0]
        for intent in self._silent(name):
            left = intent.intended_at + self._timeouts.settle - asked
            # A clock that was set back must not make this wait for years.
            if 0 < left <= self._timeouts.settle:
                waits.append(left)
            elif left <= 0 or intent.token in self._looked_for:
                self._journal.ended(intent.token, Outcome.NOT_MADE, "no machine bears it", asked)
            else:
                self._looked_for.add(intent.token)
                waits.append(self._timeouts.settle)
        return max(waits)

    def _blind(self, name: str, left: Mapping[str, str], error: Unavailable) -> list[str]:
        # A provider that was never asked for anything in this run has nothing to show.
        if not any(intent.provider == name for intent in self._journal.intents()):
            return []
        return [*left.values(), f"{name} does not say what it still has of this run: {error}"]

    def _open(self, name: str) -> list[Intent]:
        return [i for i in self._journal.open_intents() if i.provider == name]

    def _silent(self, name: str) -> list[Intent]:
        return [intent for intent in self._open(name) if intent.machine_id is None]


def _lost_sight(intent: Intent) -> str:
    machine = intent.machine()
    if machine is not None:
        return f"{machine.id} of {intent.provider}: {how_to_end(machine)}"
    return f"whatever bears the tag eqc-token={intent.token} at {intent.provider}"


def how_to_end(machine: Machine) -> str:
    """The provider's own command for ``machine``, quoted for a shell."""
    offer, name = machine.offer, machine.platform.provider
    where = {"region": offer.region, "zone": offer.zone}
    if name == "aws":
        argv = ["aws", "ec2", "terminate-instances", "--instance-ids", machine.id]
        argv += ["--region", where["region"]] if where["region"] else []
    elif name == "gcp":
        # The instance's name is the last part of an id that names its zone, too.
        argv = ["gcloud", "compute", "instances", "delete", machine.id.rpartition("/")[2]]
        argv += ["--zone", where["zone"]] if where["zone"] else []
    elif name == "ssh":
        host = machine.address.host if machine.address else machine.platform.name
        run = f"={machine.run}-{machine.platform.id}" if machine.run else ""
        filters = f"label=eqc.run{run}"
        return f"ssh -- {shlex.quote(host)} docker ps --all --filter {shlex.quote(filters)}"
    else:
        argv = ["eqc", "reap", *(["--run", machine.run] if machine.run else [])]
    return shlex.join(argv)
