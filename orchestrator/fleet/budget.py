"""Money: whether a machine may still be launched, and when all work must end."""

from __future__ import annotations

from orchestrator.fleet.clock import Clock
from orchestrator.fleet.journal import BILLED_AT_LEAST, Journal
from orchestrator.fleet.limits import FleetLimits
from orchestrator.model.experiment import Reason
from orchestrator.model.machine import Offer


class Budget:
    """Compares the limits on money with what this run spent, in all its calls, by the journal.

    The cost of a machine is not known before its work is done. So a launch needs room only for the
    smallest amount that is billed, and the total is kept by ending all work when it is reached
    (``exhausted``); it is exceeded by what the seconds of that ending cost.
    """

    def __init__(self, limits: FleetLimits, journal: Journal, clock: Clock) -> None:
        self._limits = limits
        self._journal = journal
        self._clock = clock

    def objection(self, offer: Offer) -> Reason | None:
        """Why no machine of ``offer`` may be launched now; ``None``: it may."""
        limits, price = self._limits, offer.price_per_hour
        if limits.cost is None and limits.cost_per_hour is None:
            return None
        if price is None:
            # Its cost could not be counted, so the limit could not be kept.
            return Reason(
                "no-price",
                f"no price is known for {offer.label}, and there is a limit on money: "
                "choose hardware with a known price, or remove `limits: cost` and `cost_per_hour`",
            )
        if limits.cost_per_hour is not None and price > limits.cost_per_hour:
            return Reason(
                "over-limit",
                f"{offer.label} costs {price:.4g} USD per hour, "
                f"`limits: cost_per_hour` is {limits.cost_per_hour:.4g} USD",
            )
        spent = self._spent()
        if limits.cost is not None and spent + price * BILLED_AT_LEAST / 3600 > limits.cost:
            return Reason("over-limit", self._over(spent, limits.cost))
        return None

    def exhausted(self) -> str | None:
        """The message once `limits: cost` is reached and all work must end; else ``None``."""
        if self._limits.cost is None:
            return None
        spent = self._spent()
        return self._over(spent, self._limits.cost) if spent >= self._limits.cost > 0 else None

    def _spent(self) -> float:
        return self._journal.cost(self._clock.now()).spent

    @staticmethod
    def _over(spent: float, limit: float) -> str:
        return f"{spent:.4g} USD of `limits: cost` ({limit:.4g} USD) are spent"
