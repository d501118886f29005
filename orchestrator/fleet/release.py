"""Ending machines and finding them, with retries, and writing their ends into the journal."""

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
"""Errors after which ending or finding a machine is tried again: a retry may succeed."""


@dataclass
class Lease:
    """A machine, the order it came from, and the permit that counts it."""

    machine: Machine
    order: Order
    permit: Permit
    lock: threading.Lock = field(default_factory=threading.Lock)
    released: bool = False


@dataclass(frozen=True)
class Releaser:
    """Ends machines. A release is never interrupted, not even when the run is."""

    providers: Mapping[str, Provider]
    retrier: Retrier
    clock: Clock
    timeouts: Timeouts

    def release(self, lease: Lease, why: str, journal: Journal) -> None:
        """End the machine, once however many threads call; ``why`` goes into the journal.

        Where the end cannot be confirmed, the intent stays open for the cleanup at the end of the
        run, and the permit stays in use.
        """
        with lease.lock:
            if lease.released or self.end(lease.machine) is not None:
                return
            journal.ended(lease.order.token, Outcome.RELEASED, why, self.clock.now())
            lease.released = True
            lease.permit.end()

    def end(self, machine: Machine) -> str | None:
        """Release ``machine``; ``None`` where its end is confirmed, else why it is not."""
        name = machine.platform.provider
        provider = self.providers[name]
        call = (name, machine.offer.region, "release")
        try:
            self.retrier.run(
                call, lambda: provider.release(machine), self.timeouts.release, again=AGAIN
            )
        except ProviderError as error:
            return None if error.kind is ProviderErrorKind.GONE else f"{error.kind.value}: {error}"
        except Unavailable as error:
            return f"{error.reason.code}: {error}"
        return None

    def find(self, name: str, run: str) -> Sequence[Machine]:
        """Machines of ``run`` that the provider ``name`` lists. Raises ``ProviderError``."""
        provider = self.providers[name]
        return self.retrier.run(
            (name, None, "find"), lambda: provider.find(run), self.timeouts.settle, again=AGAIN
        )

    def delete_shared(self, name: str, run: str) -> str | None:
        """Let the provider remove what the run's machines shared; ``None``, or why that failed."""
        provider = self.providers[name]
        call = (name, None, "delete_shared")
        try:
            self.retrier.run(
                call, lambda: provider.delete_shared(run), self.timeouts.release, again=AGAIN
            )
        except Unavailable as error:
            return f"{name}: {error}"
        return None
