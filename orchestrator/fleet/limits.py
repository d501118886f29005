"""What a fleet may use at once, spend in all, and wait for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FleetLimits:
    """Money in US dollars; ``None`` means no limit."""

    cost: float | None = None
    """In all, over every call of the run: then nothing is launched and running work is ended."""
    cost_per_hour: float | None = None
    """Of all machines that are up together: launches wait."""
    machines: int | None = None
    machines_per_provider: int | None = None
    machines_per_region: int | None = None
    launches_per_region: int | None = 16
    """Orders under way together, at one provider."""
    attempts: int = 3
    """Machines tried for one platform that died, that never came up, or that were not as asked."""
    wall: float | None = None
    """Unix seconds: nothing is launched after it, and running work is ended."""


@dataclass(frozen=True)
class Timeouts:
    """How long each phase may take, in seconds, before the fleet acts."""

    launch: float = 600.0
    """One order with all its repetitions; then the next place."""
    boot: float = 1200.0
    """``Provider.wait``, which gives up by itself long before: for a call that hangs."""
    grace: float = 120.0
    """For work to end after it was told to, for launches under way when all is aborted."""
    release: float = 600.0
    """Repetitions of one release; then the machine counts as left."""
    settle: float = 60.0
    """Until a machine that was ordered is sure to be seen by ``Provider.find``."""
    lifetime: float = 7200.0
    """From the order to the machine's own end, where the caller doesn't say."""
