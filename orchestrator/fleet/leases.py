"""Which slots one order takes, and that they are given back."""

from __future__ import annotations

from orchestrator.fleet.limits import FleetLimits
from orchestrator.fleet.capacity import Lease, Share, Slots
from orchestrator.model.machine import Place


class Leases:
    """The slots taken for one place; all but those kept are given back at the end."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._taken: list[Lease] = []

    def __enter__(self) -> Leases:
        return self

    def __exit__(self, *_: object) -> None:
        for lease in self._taken:
            lease.end()

    def take(self, share: Share) -> Lease | None:
        """Wait for ``share``; ``None``: nothing is lent any more."""
        lease = self._slots.take(share)
        if lease is not None:
            self._taken.append(lease)
        return lease

    def keep(self, lease: Lease) -> None:
        """It outlives this block."""
        self._taken.remove(lease)


def machine_share(provider: str, place: Place) -> Share:
    """What a machine in ``place`` takes, from its order to its confirmed end."""
    return (
        ("machines", "", 1),
        ("machines per provider", provider, 1),
        ("machines per region", f"{provider}/{place.region}", 1),
        ("cost per hour", "", place.price_per_hour or 0.0),
    )


def launch_share(provider: str, place: Place) -> Share:
    """What an order in ``place`` takes until it is answered."""
    return (("launches per region", f"{provider}/{place.region}", 1),)


def caps_of(limits: FleetLimits) -> dict[str, float]:
    """The caps of ``Slots``, by the names used here."""
    caps = {
        "machines": limits.machines,
        "machines per provider": limits.machines_per_provider,
        "machines per region": limits.machines_per_region,
        "launches per region": limits.launches_per_region,
        "cost per hour": limits.cost_per_hour,
    }
    return {name: float(cap) for name, cap in caps.items() if cap is not None}
