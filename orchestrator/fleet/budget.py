"""Money: what may not be launched, and when all must end."""

from __future__ import annotations

from orchestrator.fleet.clock import Clock
from orchestrator.fleet.journal import BILLED_AT_LEAST, Journal
from orchestrator.fleet.limits import FleetLimits
from orchestrator.model.experiment import Reason
from orchestrator.model.machine import Offer


class Budget:
    """The limits on money against what the journal says was spent, in this call and earlier ones.

    What a machine will cost is not known before its work is done, so a launch needs room for the
    least it is billed; the total is held by ending what runs (``exhausted``), up to the
    seconds that ending takes.
    """

    def __init__(self, limits: FleetLimits, journal: Journal, clock: Clock) -> None:
        self._limits = limits
        self._journal = journal
        self._clock = clock

    def objection(self, offer: Offer) -> Reason | None:
        """Why nothing may be launched in ``offer`` now; ``None``: it may."""
        limits, price = self._limits, offer.price_per_hour
        if limits.cost is None and limits.cost_per_hour is None:
            return None
        if price is None:
            # A limit that some machines don't count against would be no limit.
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
        """What to tell when `limits: cost` is reached and all work must end; else ``None``."""
        if self._limits.cost is None:
            return None
        spent = self._spent()
        return self._over(spent, self._limits.cost) if spent >= self._limits.cost > 0 else None

    def _spent(self) -> float:
        return self._journal.cost(self._clock.now()).spent

    @staticmethod
    def _over(spent: float, limit: float) -> str:
        return f"{spent:.4g} USD of `limits: cost` ({limit:.4g} USD) are spent"
