"""How many at once: a semaphore with several caps, first come first served."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping

from orchestrator.fleet.clock import Clock, Gate
from orchestrator.fleet.limits import FleetLimits
from orchestrator.model.machine import Offer

Share = tuple[tuple[str, str, float], ...]
"""What one permit takes: (name of the cap, its scope, amount), for example
``(("machines", "", 1), ("machines per region", "aws/us-east-1", 1))``. A cap holds for each scope
(region, provider) by itself; the scope ``""`` is the whole fleet."""


class CappedSemaphore:
    """Gives out permits for shares. ``caps``: name → most in use at once, in each scope.

    A name without a cap is unlimited. A thread that waits for one region's cap does not delay
    threads that want another's. Nothing polls: giving back a share wakes exactly the threads whose
    shares fit then.
    """

    def __init__(self, caps: Mapping[str, float], clock: Clock) -> None:
        self._caps = dict(caps)
        self._clock = clock
        self._lock = threading.Lock()
        self._used: dict[tuple[str, str], float] = {}
        # One queue for each kind of share: giving back looks at the heads of the queues only.
        self._queues: dict[Share, deque[tuple[int, Gate]]] = {}
        self._count = 0
        self._closed = False

    def take(self, share: Share) -> Permit | None:
        """Wait until ``share`` is free; ``None`` where the semaphore is closed."""
        capped = tuple(part for part in share if part[0] in self._caps)
        with self._lock:
            if self._closed:
                return None
            if not self._queues.get(capped) and self._fits(capped):
                self._use(capped)
                return Permit(self, capped)
            gate = self._clock.gate()
            self._count += 1
            self._queues.setdefault(capped, deque()).append((self._count, gate))
        gate.wait()
        with self._lock:
            # `close` opens every gate without giving out a share.
            return None if self._closed else Permit(self, capped)

    def close(self) -> None:
        """Give out nothing any more: every waiting ``take`` returns ``None``."""
        with self._lock:
            self._closed = True
            for waiting in self._queues.values():
                for _, gate in waiting:
                    gate.open()
            self._queues.clear()

    def give_back(self, share: Share) -> None:
        """Called by ``Permit.end``."""
        with self._lock:
            self._use(share, -1)
            self._admit()

    def _admit(self) -> None:
        while True:
            ready = [
                (waiting[0][0], share)
                for share, waiting in self._queues.items()
                if self._fits(share)
            ]
            if not ready:
                return
            _, share = min(ready)
            waiting = self._queues[share]
            _, gate = waiting.popleft()
            if not waiting:
                del self._queues[share]
            self._use(share)
            gate.open()

    def _fits(self, share: Share) -> bool:
        # Sums of prices carry rounding errors: 1e-9 dollars too much still fit.
        return all(
            self._used.get((name, scope), 0.0) + amount <= self._caps[name] + 1e-9
            for name, scope, amount in share
        )

    def _use(self, share: Share, sign: int = 1) -> None:
        for name, scope, amount in share:
            self._used[name, scope] = self._used.get((name, scope), 0.0) + sign * amount


class Permit:
    """A share in use until ``end``; ending twice is the same as once."""

    def __init__(self, semaphore: CappedSemaphore, share: Share) -> None:
        self._semaphore = semaphore
        self._share = share
        self._ended = threading.Lock()

    def end(self) -> None:
        """Give the share back."""
        if self._ended.acquire(blocking=False):
            self._semaphore.give_back(self._share)


class Permits:
    """The permits taken for one offer; leaving the block gives back all but those kept."""

    def __init__(self, semaphore: CappedSemaphore) -> None:
        self._semaphore = semaphore
        self._permits: list[Permit] = []

    def __enter__(self) -> Permits:
        return self

    def __exit__(self, *_: object) -> None:
        for permit in self._permits:
            permit.end()

    def take(self, share: Share) -> Permit | None:
        """Wait for ``share``; ``None`` where the semaphore is closed."""
        permit = self._semaphore.take(share)
        if permit is not None:
            self._permits.append(permit)
        return permit

    def keep(self, permit: Permit) -> None:
        """Leave ``permit`` in use after this block."""
        self._permits.remove(permit)


def machine_share(provider: str, offer: Offer) -> Share:
    """What a machine of ``offer`` takes, from its order to its confirmed end."""
    return (
        ("machines", "", 1),
        ("machines per provider", provider, 1),
        ("machines per region", f"{provider}/{offer.region}", 1),
        ("cost per hour", "", offer.price_per_hour or 0.0),
    )


def launch_share(provider: str, offer: Offer) -> Share:
    """What an order of ``offer`` takes until the provider has answered it."""
    return (("launches per region", f"{provider}/{offer.region}", 1),)


def caps_of(limits: FleetLimits) -> dict[str, float]:
    """The caps for ``CappedSemaphore``, by the names that the shares here use."""
    caps = {
        "machines": limits.machines,
        "machines per provider": limits.machines_per_provider,
        "machines per region": limits.machines_per_region,
        "launches per region": limits.launches_per_region,
        "cost per hour": limits.cost_per_hour,
    }
    return {name: float(cap) for name, cap in caps.items() if cap is not None}
