"""Where a platform may still be had, after all that was answered so far. Pure.

The hardware never changes: a place says where and on what terms, and a place whose machine type is
not the one that was asked for is not tried.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from orchestrator.model.experiment import Platform, Reason
from orchestrator.model.machine import Offer, ProviderErrorKind

INVALID_AT_MOST = 3
"""Regions that call the same request wrong, until it is believed."""
TOLD = 6
"""Attempts that the final reason lists."""


@dataclass(frozen=True)
class Attempt:
    """One try at getting a machine, and why it gave none."""

    offer: str
    """E.g. ``m5.large in us-east-1b, spot``."""
    outcome: str
    """A ``ProviderErrorKind``, ``rejected``, ``lost``, or the code of a reason of our own."""
    message: str


class Placement:
    """The places of one platform, best first, and the attempts made."""

    def __init__(self, platform: Platform, offers: Sequence[Offer], attempts: int) -> None:
        asked = platform.get("machine_type")
        self._places = [p for p in offers if asked is None or p.machine_type in (None, asked)]
        self._machines_left = attempts
        self._invalid = 0
        self.attempts: list[Attempt] = []

    def next(self) -> Offer | None:
        """The best place left; ``None``: there is none, or enough machines were tried."""
        return self._places[0] if self._places and self._machines_left > 0 else None

    def refused(self, offer: Offer, kind: ProviderErrorKind, message: str) -> None:
        """The provider's answer for ``offer``, and no machine."""
        self._note(offer, kind.value, message)
        match kind:
            case ProviderErrorKind.QUOTA:
                # It counts per region and market; that of another type of the platform may be
                # another one, so only this type is given up there.
                self._drop(lambda p: _market(p) == _market(offer))
            case ProviderErrorKind.INVALID:
                self._invalid += 1
                self._drop(lambda p: _kind(p) == _kind(offer))
                if self._invalid == INVALID_AT_MOST:
                    self._places.clear()
            case ProviderErrorKind.DENIED:
                self._places.clear()
            case ProviderErrorKind.GONE | ProviderErrorKind.UNREACHABLE:
                self._spend(offer)
            case _:
                self._drop(lambda p: p == offer)

    def unfit(self, offer: Offer, reason: Reason) -> None:
        """We ourselves don't want a machine there (money)."""
        self._note(offer, reason.code, reason.message)
        self._drop(lambda p: p == offer)

    def rejected(self, offer: Offer, reason: Reason) -> None:
        """The machine was not what was asked for."""
        self._note(offer, "rejected", reason.message)
        self._spend(offer)

    def lost(self, offer: Offer, reason: Reason) -> None:
        """The machine went away before its work was done."""
        self._note(offer, "lost", f"{reason.code}: {reason.message}")
        self._spend(offer)

    def reason(self) -> Reason:
        """Why no machine did the work: the last answer's code, all attempts in short."""
        if not self.attempts:
            return Reason("no-place", "no place has the hardware that was asked for")
        counted = Counter(f"{a.offer}: {a.outcome}: {a.message}" for a in self.attempts)
        told = [f"{text} ({n} times)" if n > 1 else text for text, n in counted.items()]
        more = [f"and {len(told) - TOLD} more"] if len(told) > TOLD else []
        last = self.attempts[-1].outcome
        code = "mismatch" if last == "rejected" else last
        return Reason(code, "; ".join(told[:TOLD] + more))

    def _note(self, offer: Offer, outcome: str, message: str) -> None:
        self.attempts.append(Attempt(offer.label, outcome, message))

    def _spend(self, offer: Offer) -> None:
        # Another place first: what took this machine away, or what it was, may hold there still.
        self._machines_left -= 1
        if offer in self._places:
            self._places.remove(offer)
            self._places.append(offer)

    def _drop(self, unwanted: Callable[[Offer], bool]) -> None:
        self._places = [p for p in self._places if not unwanted(p)]


def _market(offer: Offer) -> tuple[str | None, str | None, bool]:
    return offer.region, offer.machine_type, offer.spot


def _kind(offer: Offer) -> tuple[str | None, str | None]:
    return offer.region, offer.machine_type
