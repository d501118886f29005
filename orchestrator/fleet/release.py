"""Ending machines and looking for them, repeatedly where that may help, and writing it down."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator.fleet.capacity import Permit
from orchestrator.fleet.clock import Clock
from orchestrator.fleet.journal import Journal, Outcome
from orchestrator.fleet.limits import Timeouts
from orchestrator.fleet.retry import Retrier
from orchestrator.model.machine import (
    Machine,
    Order,
    Provider,
    ProviderError,
    ProviderErrorKind,
    Unavailable,
)

HowToEnd = Callable[[Machine], str]
"""The command that a person ends a machine with where we cannot."""
AGAIN = frozenset(ProviderErrorKind) - {
    ProviderErrorKind.DENIED,
    ProviderErrorKind.INVALID,
    ProviderErrorKind.GONE,
}
"""Errors after which ending or finding a machine is tried again: all that repeating may change."""


@dataclass
class Lease:
    """A machine, the order it came from, and the slots it takes."""

    machine: Machine
    order: Order
    lease: Permit
    turn: threading.Lock = field(default_factory=threading.Lock)
    released: bool = False


@dataclass(frozen=True)
class Releaser:
    """Nothing interrupts it: a machine that was begun is ended, whatever else is to stop."""

    providers: Mapping[str, Provider]
    retrier: Retrier
    clock: Clock
    timeouts: Timeouts

    def release(self, lease: Lease, why: str, journal: Journal) -> None:
        """End the machine once, whoever asks; ``why`` goes into the journal.

        Where its end cannot be confirmed its intent stays open, for the cleanup at the end of the
        run, and its slots and its price per hour stay taken.
        """
        with lease.turn:
            if lease.released or self.end(lease.machine) is not None:
                return
            journal.ended(lease.order.token, Outcome.RELEASED, why, self.clock.now())
            lease.released = True
            lease.lease.end()

    def end(self, machine: Machine) -> str | None:
        """Release ``machine``; why that could not be confirmed, or ``None``."""
        name = machine.platform.provider
        provider = self.providers[name]
        call = (name, machine.offer.region, "release")
        try:
            self.retrier.ask(
                call, lambda: provider.release(machine), self.timeouts.release, again=AGAIN
            )
        except ProviderError as error:
            return None if error.kind is ProviderErrorKind.GONE else f"{error.kind.value}: {error}"
        except Unavailable as error:
            return f"{error.reason.code}: {error}"
        return None

    def find(self, name: str, run: str) -> Sequence[Machine]:
        """What the provider has of ``run``. Raises ``ProviderError`` when that cannot be told."""
        provider = self.providers[name]
        return self.retrier.ask(
            (name, None, "find"), lambda: provider.find(run), self.timeouts.settle, again=AGAIN
        )

    def delete_shared(self, name: str, run: str) -> str | None:
        """Have the provider remove what the run's machines shared; why it could not."""
        provider = self.providers[name]
        call = (name, None, "tidy")
        try:
            self.retrier.ask(
                call, lambda: provider.delete_shared(run), self.timeouts.release, again=AGAIN
            )
        except Unavailable as error:
            return f"{name}: {error}"
        return None
