"""The machines that are ours at this moment, and how each is given back."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from orchestrator.fleet.clock import Clock
from orchestrator.fleet.release import Ending
from orchestrator.fleet.intents import Outcome
from orchestrator.fleet.journal import Journal
from orchestrator.fleet.capacity import Lease
from orchestrator.model.machine import Machine, Order


@dataclass
class Held:
    """A machine, the order it came from, and the slots it takes."""

    machine: Machine
    order: Order
    lease: Lease
    turn: threading.Lock = field(default_factory=threading.Lock)
    released: bool = False


@dataclass(frozen=True)
class Holding:
    """Gives machines back, and writes it down."""

    ending: Ending
    journal: Journal
    clock: Clock

    def release(self, held: Held, why: str) -> None:
        """End the machine once, whoever asks; ``why`` goes into the journal.

        Where its end can't be confirmed its intent stays open, for the sweep, and its slots and
        its price per hour stay taken.
        """
        with held.turn:
            if held.released or self.ending.end(held.machine) is not None:
                return
            self.journal.ended(held.order.token, Outcome.RELEASED, why, self.clock.now())
            held.released = True
            held.lease.end()
