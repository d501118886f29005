"""Where a platform may still be had, after all that was answered so far. Pure.

The hardware never changes: a place says where and on what terms, and a place whose machine type is
not the one that was asked for is not tried.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from orchestrator.model.experiment import Platform, Reason
from orchestrator.model.machine import Place, Refusal

INVALID_AT_MOST = 3
"""Regions that call the same request wrong, until it is believed."""
TOLD = 6
"""Attempts that the final reason lists."""


@dataclass(frozen=True)
class Attempt:
    """One try at getting a machine, and why it gave none."""

    place: str
    """E.g. ``m5.large in us-east-1b, spot``."""
    outcome: str
    """A ``Refusal``, ``rejected``, ``lost``, or the code of a reason of our own."""
    message: str


class Candidates:
    """The places of one platform, best first, and the attempts made."""

    def __init__(self, platform: Platform, places: Sequence[Place], attempts: int) -> None:
        asked = platform.get("machine_type")
        self._places = [p for p in places if asked is None or p.machine_type in (None, asked)]
        self._machines_left = attempts
        self._invalid = 0
        self.attempts: list[Attempt] = []

    def next(self) -> Place | None:
        """The best place left; ``None``: there is none, or enough machines were tried."""
        return self._places[0] if self._places and self._machines_left > 0 else None

    def refused(self, place: Place, kind: Refusal, message: str) -> None:
        """The provider's answer for ``place``, and no machine."""
        self._note(place, kind.value, message)
        match kind:
            case Refusal.QUOTA:
                # It counts per region and market; that of another type of the platform may be
                # another one, so only this type is given up there.
                self._drop(lambda p: _market(p) == _market(place))
            case Refusal.INVALID:
                self._invalid += 1
                self._drop(lambda p: _kind(p) == _kind(place))
                if self._invalid == INVALID_AT_MOST:
                    self._places.clear()
            case Refusal.DENIED:
                self._places.clear()
            case Refusal.GONE | Refusal.UNREACHABLE:
                self._spend(place)
            case _:
                self._drop(lambda p: p == place)

    def unfit(self, place: Place, reason: Reason) -> None:
        """We ourselves don't want a machine there (money)."""
        self._note(place, reason.code, reason.message)
        self._drop(lambda p: p == place)

    def rejected(self, place: Place, reason: Reason) -> None:
        """The machine was not what was asked for."""
        self._note(place, "rejected", reason.message)
        self._spend(place)

    def lost(self, place: Place, reason: Reason) -> None:
        """The machine went away before its work was done."""
        self._note(place, "lost", f"{reason.code}: {reason.message}")
        self._spend(place)

    def reason(self) -> Reason:
        """Why no machine did the work: the last answer's code, all attempts in short."""
        if not self.attempts:
            return Reason("no-place", "no place has the hardware that was asked for")
        counted = Counter(f"{a.place}: {a.outcome}: {a.message}" for a in self.attempts)
        told = [f"{text} ({n} times)" if n > 1 else text for text, n in counted.items()]
        more = [f"and {len(told) - TOLD} more"] if len(told) > TOLD else []
        last = self.attempts[-1].outcome
        code = "mismatch" if last == "rejected" else last
        return Reason(code, "; ".join(told[:TOLD] + more))

    def _note(self, place: Place, outcome: str, message: str) -> None:
        self.attempts.append(Attempt(place.label, outcome, message))

    def _spend(self, place: Place) -> None:
        # Another place first: what took this machine away, or what it was, may hold there still.
        self._machines_left -= 1
        if place in self._places:
            self._places.remove(place)
            self._places.append(place)

    def _drop(self, unwanted: Callable[[Place], bool]) -> None:
        self._places = [p for p in self._places if not unwanted(p)]


def _market(place: Place) -> tuple[str | None, str | None, bool]:
    return place.region, place.machine_type, place.spot


def _kind(place: Place) -> tuple[str | None, str | None]:
    return place.region, place.machine_type
