"""How many at once: a counted admission with several caps, first come first served."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping

from orchestrator.fleet.clock import Clock, Gate
from orchestrator.fleet.limits import FleetLimits
from orchestrator.model.machine import Offer

Share = tuple[tuple[str, str, float], ...]
"""What one holder takes: (the cap's name, whose cap it is, how much of it), for example
``(("machines", "", 1), ("machines per region", "aws/us-east-1", 1))``."""


class CappedSemaphore:
    """Lends shares of capped things. ``caps``: by name, for each owner; what has no cap is free.

    Who waits for one region's cap does not hold up who wants another's. Nobody polls: who gives
    back wakes exactly those who can go on.
    """

    def __init__(self, caps: Mapping[str, float], clock: Clock) -> None:
        self._caps = dict(caps)
        self._clock = clock
        self._lock = threading.Lock()
        self._used: dict[tuple[str, str], float] = {}
        # Equal shares wait in one line, so that giving back looks at lines and not at everybody.
        self._lines: dict[Share, deque[tuple[int, Gate]]] = {}
        self._count = 0
        self._closed = False

    def take(self, share: Share) -> Permit | None:
        """Wait for ``share`` to be free; ``None`` once closed."""
        capped = tuple(part for part in share if part[0] in self._caps)
        with self._lock:
            if self._closed:
                return None
            if not self._lines.get(capped) and self._fits(capped):
                self._use(capped)
                return Permit(self, capped)
            gate = self._clock.gate()
            self._count += 1
            self._lines.setdefault(capped, deque()).append((self._count, gate))
        gate.wait()
        with self._lock:
            # Who closes opens every gate without giving anything.
            return None if self._closed else Permit(self, capped)

    def close(self) -> None:
        """Nothing is lent any more; those who wait get nothing."""
        with self._lock:
            self._closed = True
            for line in self._lines.values():
                for _, gate in line:
                    gate.open()
            self._lines.clear()

    def give_back(self, share: Share) -> None:
        """Called by ``Permit.end``."""
        with self._lock:
            self._use(share, -1)
            self._admit()

    def _admit(self) -> None:
        while True:
            ready = [
                (line[0][0], share) for share, line in self._lines.items() if self._fits(share)
            ]
            if not ready:
                return
            _, share = min(ready)
            line = self._lines[share]
            _, gate = line.popleft()
            if not line:
                del self._lines[share]
            self._use(share)
            gate.open()

    def _fits(self, share: Share) -> bool:
        # Sums of prices are rounded: a billionth of a dollar is no reason to wait.
        return all(
            self._used.get((name, whose), 0.0) + amount <= self._caps[name] + 1e-9
            for name, whose, amount in share
        )

    def _use(self, share: Share, sign: int = 1) -> None:
        for name, whose, amount in share:
            self._used[name, whose] = self._used.get((name, whose), 0.0) + sign * amount


class Permit:
    """A share that is held until ``end``; ending twice is the same as once."""

    def __init__(self, semaphore: CappedSemaphore, share: Share) -> None:
        self._semaphore = semaphore
        self._share = share
        self._ended = threading.Lock()

    def end(self) -> None:
        """Give the share back."""
        if self._ended.acquire(blocking=False):
            self._semaphore.give_back(self._share)


class Permits:
    """The permits taken for one offer; all but those kept are given back at the end."""

    def __init__(self, semaphore: CappedSemaphore) -> None:
        self._semaphore = semaphore
        self._taken: list[Permit] = []

    def __enter__(self) -> Permits:
        return self

    def __exit__(self, *_: object) -> None:
        for permit in self._taken:
            permit.end()

    def take(self, share: Share) -> Permit | None:
        """Wait for ``share``; ``None``: nothing is lent any more."""
        permit = self._semaphore.take(share)
        if permit is not None:
            self._taken.append(permit)
        return permit

    def keep(self, permit: Permit) -> None:
        """It outlives this block."""
        self._taken.remove(permit)


def machine_share(provider: str, offer: Offer) -> Share:
    """What a machine in ``offer`` takes, from its order to its confirmed end."""
    return (
        ("machines", "", 1),
        ("machines per provider", provider, 1),
        ("machines per region", f"{provider}/{offer.region}", 1),
        ("cost per hour", "", offer.price_per_hour or 0.0),
    )


def launch_share(provider: str, offer: Offer) -> Share:
    """What an order in ``offer`` takes until it is answered."""
    return (("launches per region", f"{provider}/{offer.region}", 1),)


def caps_of(limits: FleetLimits) -> dict[str, float]:
    """The caps of ``CappedSemaphore``, by the names used here."""
    caps = {
        "machines": limits.machines,
        "machines per provider": limits.machines_per_provider,
        "machines per region": limits.machines_per_region,
        "launches per region": limits.launches_per_region,
        "cost per hour": limits.cost_per_hour,
    }
    return {name: float(cap) for name, cap in caps.items() if cap is not None}
