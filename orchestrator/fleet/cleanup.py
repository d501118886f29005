"""At the end of a run and at the start of its next call: end every machine that is left.

Both sources are read. The providers, because every machine with the run's tag belongs to it. The
journal, because an order whose answer was lost may produce a machine that is not listed yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from orchestrator.errors import MachinesLeft
from orchestrator.fleet.clock import Clock
from orchestrator.fleet.journal import Intent, Journal, Outcome
from orchestrator.fleet.limits import Timeouts
from orchestrator.fleet.release import HowToEnd, Releaser
from orchestrator.model.machine import Machine, Provider, Unavailable

AT_ONCE = 16
ROUNDS = 6
FIRST_PAUSE = 1.0
"""Seconds before the second round, doubled each time: lists of machines lag behind their ends."""


@dataclass(frozen=True)
class Cleanup:
    """The result of a run's cleanup. Costs in US dollars."""

    left: int
    """Machines left: always 0, since otherwise ``MachinesLeft`` is raised."""
    cost_estimated: float | None
    """By the plan; ``None``: the caller gave no estimate."""
    cost_actual: float
    """List price times the time from the order's answer to the confirmed end, in all calls of the
    run together."""
    unpriced: int
    """Machines without a known price; if there are any, the cost is at least ``cost_actual``."""
    untidy: tuple[str, ...] = ()
    """``provider: reason`` where a key pair, security group or firewall rule may be left."""


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
        how_to_end: HowToEnd,
    ) -> None:
        self._run = run
        self._providers = providers
        self._journal = journal
        self._releaser = releaser
        self._clock = clock
        self._timeouts = timeouts
        self._how_to_end = how_to_end
        self._waited_for: set[str] = set()

    def clear(self) -> None:
        """End all machines of the run and close all its intents. Raises ``MachinesLeft``."""
        names = sorted({*self._providers, *(i.provider for i in self._journal.open_intents())})
        with ThreadPoolExecutor(max_workers=max(len(names), 1)) as pool:
            left = [text for texts in pool.map(self._clear_provider, names) for text in texts]
        if left:
            raise MachinesLeft("could not be confirmed ended:\n  " + "\n  ".join(left))

    def delete_shared(self) -> tuple[str, ...]:
        """Remove what the run's machines shared; ``provider: reason`` for each failure."""
        names = sorted({i.provider for i in self._journal.intents()} & self._providers.keys())
        with ThreadPoolExecutor(max_workers=max(len(names), 1)) as pool:
            answers = pool.map(lambda name: self._releaser.delete_shared(name, self._run), names)
            return tuple(answer for answer in answers if answer is not None)

    # -- one provider -----------------------------------------------------------------------

    def _clear_provider(self, name: str) -> list[str]:
        """What is left at the provider ``name``: one text for each machine or order."""
        intents = self._open(name)
        if name not in self._providers:
            return [self._advice(intent) for intent in intents]
        # Machines whose id is in the journal are ended even if the provider does not list them.
        left = self._end_all([m for m in (i.machine() for i in intents) if m is not None])
        pause = FIRST_PAUSE
        for _ in range(ROUNDS):
            searched = self._clock.now()
            try:
                found = self._releaser.find(name, self._run)
            except Unavailable as error:
                return self._not_searched(name, left, error)
            for machine_id in [m.id for m in found]:
                left.pop(machine_id, None)
            left |= self._end_all(found)
            wait = self._settle(name, searched)
            if not found and not wait:
                return list(left.values())
            self._clock.sleep(max(pause, wait))
            pause *= 2
        still = {m.id: f"{m.id} is listed after its release: {self._how_to_end(m)}" for m in found}
        return [*(still | left).values(), *(self._advice(i) for i in self._unanswered(name))]

    def _end_all(self, machines: Sequence[Machine]) -> dict[str, str]:
        """End the machines side by side; id → why it failed and what to do, for each failure."""
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
            machine.id: f"{machine.id} ({why}): {self._how_to_end(machine)}"
            for machine, why in zip(machines, ends, strict=True)
            if why is not None
        }

    def _settle(self, name: str, searched: float) -> float:
        """Close unanswered orders that made no machine; seconds to wait before the next search.

        The last search began at ``searched`` (Unix seconds). An order older than
        ``Timeouts.settle`` by then would have shown its machine.
        """
        waits = [0.0]
        for intent in self._unanswered(name):
            left = intent.intended_at + self._timeouts.settle - searched
            # More than `settle` is left only if the clock was set back: do not wait that long.
            if 0 < left <= self._timeouts.settle:
                waits.append(left)
            elif left <= 0 or intent.token in self._waited_for:
                self._journal.ended(intent.token, Outcome.NOT_MADE, "no machine bears it", searched)
            else:
                self._waited_for.add(intent.token)
                waits.append(self._timeouts.settle)
        return max(waits)

    def _not_searched(self, name: str, left: Mapping[str, str], error: Unavailable) -> list[str]:
        # Without any order at this provider there can be no machine of the run.
        if not any(intent.provider == name for intent in self._journal.intents()):
            return []
        return [
            *left.values(),
            f"{name} could not be searched for machines of run {self._run}: {error}",
        ]

    def _open(self, name: str) -> list[Intent]:
        return [i for i in self._journal.open_intents() if i.provider == name]

    def _unanswered(self, name: str) -> list[Intent]:
        return [intent for intent in self._open(name) if intent.machine_id is None]

    def _advice(self, intent: Intent) -> str:
        """What to end by hand for an order whose end is not confirmed."""
        machine = intent.machine()
        if machine is not None:
            return f"{machine.id} of {intent.provider}: {self._how_to_end(machine)}"
        return f"any machine with the tag eqc-token={intent.token} at {intent.provider}"
