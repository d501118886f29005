"""Which offers of a platform are still to be tried, after the answers so far. Pure.

The hardware never changes: offers differ in region, zone and price, and an offer of another
machine type than the one in the experiment is not tried.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from orchestrator.model.experiment import Platform, Reason
from orchestrator.model.machine import Offer, ProviderErrorKind

INVALID_AT_MOST = 3
"""After so many regions called the request invalid, the other regions are not tried."""
LISTED = 6
"""At most so many different attempts are listed in the final reason."""


@dataclass(frozen=True)
class Attempt:
    """One try at getting a machine, and why it gave none."""

    offer: str
    """E.g. ``m5.large in us-east-1b, spot``."""
    outcome: str
    """A ``ProviderErrorKind``, ``rejected``, ``lost``, or a reason code of ``Budget``."""
    message: str


class Placement:
    """The offers of one platform, best first, and the attempts made."""

    def __init__(self, platform: Platform, offers: Sequence[Offer], attempts: int) -> None:
        wanted = platform.get("machine_type")
        self._offers = [p for p in offers if wanted is None or p.machine_type in (None, wanted)]
        self._machines_left = attempts
        self._invalid = 0
        self.attempts: list[Attempt] = []

    def next(self) -> Offer | None:
        """The best offer left; ``None``: there is none, or enough machines were tried."""
        return self._offers[0] if self._offers and self._machines_left > 0 else None

    def refused(self, offer: Offer, kind: ProviderErrorKind, message: str) -> None:
        """The provider refused an order of ``offer``."""
        self._note(offer, kind.value, message)
        match kind:
            case ProviderErrorKind.QUOTA:
                # Quotas count by region, market (spot or on demand) and group of types: another
                # type may have another quota, so only this type is given up there.
                self._drop(lambda p: _market(p) == _market(offer))
            case ProviderErrorKind.INVALID:
                self._invalid += 1
                self._drop(lambda p: _kind(p) == _kind(offer))
                if self._invalid == INVALID_AT_MOST:
                    self._offers.clear()
            case ProviderErrorKind.DENIED:
                self._offers.clear()
            case ProviderErrorKind.GONE | ProviderErrorKind.UNREACHABLE:
                self._spend(offer)
            case _:
                self._drop(lambda p: p == offer)

    def unfit(self, offer: Offer, reason: Reason) -> None:
        """``offer`` may not be ordered, for a reason of our own (its price)."""
        self._note(offer, reason.code, reason.message)
        self._drop(lambda p: p == offer)

    def rejected(self, offer: Offer, reason: Reason) -> None:
        """The machine was not the hardware that was ordered."""
        self._note(offer, "rejected", reason.message)
        self._spend(offer)

    def lost(self, offer: Offer, reason: Reason) -> None:
        """The machine stopped answering before its work was done."""
        self._note(offer, "lost", f"{reason.code}: {reason.message}")
        self._spend(offer)

    def reason(self) -> Reason:
        """Why no machine did the work: the last attempt's code, and a list of the attempts."""
        if not self.attempts:
            return Reason("no-place", "no place has the hardware that was asked for")
        counted = Counter(f"{a.offer}: {a.outcome}: {a.message}" for a in self.attempts)
        texts = [f"{text} ({n} times)" if n > 1 else text for text, n in counted.items()]
        more = [f"and {len(texts) - LISTED} more"] if len(texts) > LISTED else []
        last = self.attempts[-1].outcome
        code = "mismatch" if last == "rejected" else last
        return Reason(code, "; ".join(texts[:LISTED] + more))

    def _note(self, offer: Offer, outcome: str, message: str) -> None:
        self.attempts.append(Attempt(offer.label, outcome, message))

    def _spend(self, offer: Offer) -> None:
        # The cause may still hold at this offer: try the others first.
        self._machines_left -= 1
        if offer in self._offers:
            self._offers.remove(offer)
            self._offers.append(offer)

    def _drop(self, unwanted: Callable[[Offer], bool]) -> None:
        self._offers = [p for p in self._offers if not unwanted(p)]


def _market(offer: Offer) -> tuple[str | None, str | None, bool]:
    return offer.region, offer.machine_type, offer.spot


def _kind(offer: Offer) -> tuple[str | None, str | None]:
    return offer.region, offer.machine_type
