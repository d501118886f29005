"""Limits of a fleet: machines at once, money, and time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FleetLimits:
    """Money in US dollars; ``None`` means no limit."""

    cost: float | None = None
    """For all calls of the run together; when reached, launches stop and running work is ended."""
    cost_per_hour: float | None = None
    """For all machines that are up together; launches wait until they fit."""
    machines: int | None = None
    machines_per_provider: int | None = None
    machines_per_region: int | None = None
    launches_per_region: int | None = 16
    """Orders without an answer yet, in one region of a provider."""
    attempts: int = 3
    """Machines tried for one platform: those that died, never came up, or were other hardware."""
    wall: float | None = None
    """Unix seconds; after that time nothing is launched, and running work is ended."""


@dataclass(frozen=True)
class Timeouts:
    """How long each phase may take, in seconds, before the fleet acts."""

    launch: float = 600.0
    """One order with all its retries; then the next offer is tried."""
    boot: float = 1200.0
    """For ``Provider.wait``. It gives up by itself long before; this is for a call that hangs."""
    grace: float = 120.0
    """From the signal to stop until work counts as hanging; also added to launches and releases."""
    release: float = 600.0
    """One release with all its retries; then the machine counts as left."""
    settle: float = 60.0
    """After an order, until ``Provider.find`` is sure to list its machine."""
    lifetime: float = 7200.0
    """From the order until the machine ends itself, where the caller gives no other time."""
