"""Ending machines and looking for them, repeatedly where that may help, and writing it down."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator.fleet.capacity import Lease
from orchestrator.fleet.clock import Clock
from orchestrator.fleet.journal import Journal, Outcome
from orchestrator.fleet.limits import Patience
from orchestrator.fleet.retry import Retrier
from orchestrator.model.machine import Machine, Order, Provider, Refusal, Refused, Unavailable

AGAIN = frozenset(Refusal) - {Refusal.DENIED, Refusal.INVALID, Refusal.GONE}
"""Errors after which ending or finding a machine is tried again: all that repeating may change."""


@dataclass
class Held:
    """A machine, the order it came from, and the slots it takes."""

    machine: Machine
    order: Order
    lease: Lease
    turn: threading.Lock = field(default_factory=threading.Lock)
    released: bool = False


@dataclass(frozen=True)
class Releaser:
    """Nothing interrupts it: a machine that was begun is ended, whatever else is to stop."""

    providers: Mapping[str, Provider]
    retrier: Retrier
    clock: Clock
    patience: Patience

    def release(self, held: Held, why: str, journal: Journal) -> None:
        """End the machine once, whoever asks; ``why`` goes into the journal.

        Where its end cannot be confirmed its intent stays open, for the cleanup at the end of the
        run, and its slots and its price per hour stay taken.
        """
        with held.turn:
            if held.released or self.end(held.machine) is not None:
                return
            journal.ended(held.order.token, Outcome.RELEASED, why, self.clock.now())
            held.released = True
            held.lease.end()

    def end(self, machine: Machine) -> str | None:
        """Release ``machine``; why that could not be confirmed, or ``None``."""
        name = machine.platform.provider
        provider = self.providers[name]
        call = (name, machine.place.region, "release")
        try:
            self.retrier.ask(
                call, lambda: provider.release(machine), self.patience.release, again=AGAIN
            )
        except Refused as error:
            return None if error.kind is Refusal.GONE else f"{error.kind.value}: {error}"
        except Unavailable as error:
            return f"{error.reason.code}: {error}"
        return None

    def find(self, name: str, run: str) -> Sequence[Machine]:
        """What the provider has of ``run``. Raises ``Refused`` when that cannot be told."""
        provider = self.providers[name]
        return self.retrier.ask(
            (name, None, "find"), lambda: provider.find(run), self.patience.settle, again=AGAIN
        )

    def delete_shared(self, name: str, run: str) -> str | None:
        """Have the provider remove what the run's machines shared; why it could not."""
        provider = self.providers[name]
        call = (name, None, "tidy")
        try:
            self.retrier.ask(call, lambda: provider.tidy(run), self.patience.release, again=AGAIN)
        except Unavailable as error:
            return f"{name}: {error}"
        return None
