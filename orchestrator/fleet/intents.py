"""What the journal knows of one order, and what all of them cost."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from orchestrator.model.machine import Machine, Place
from orchestrator.model.experiment import Platform

COLUMNS = (
    "token, run, platform_id, platform_name, provider, attempt, region, zone, machine_type, spot, "
    "price_per_hour, expires, intended_at, machine_id, launched_at, reachable_at, ended_at, "
    "outcome, reason"
)


class Outcome(StrEnum):
    """How an intent ended."""

    REFUSED = "refused"
    """The provider said no, and nothing was made."""
    RELEASED = "released"
    """A machine was made, and the provider confirmed its end."""
    NOT_MADE = "not-made"
    """Nobody knows what the provider answered, but no machine bears its token."""


@dataclass(frozen=True)
class Intent:
    """One order, as far as its story is known. Times in Unix seconds."""

    token: str
    run: str
    platform_id: str
    platform_name: str
    provider: str
    attempt: int
    place: Place
    expires: float
    intended_at: float
    machine_id: str | None = None
    launched_at: float | None = None
    reachable_at: float | None = None
    ended_at: float | None = None
    outcome: Outcome | None = None
    reason: str | None = None

    def machine(self) -> Machine | None:
        """Enough of the machine to release it; ``None`` while its id is not known."""
        if self.machine_id is None:
            return None
        return Machine(
            self.machine_id,
            Platform(self.provider, self.platform_name),
            place=self.place,
            run=self.run,
            token=self.token,
            expires=self.expires,
            launched=self.launched_at,
        )


@dataclass(frozen=True)
class Cost:
    """By list price and our own clock, so an estimate of the bill. US dollars."""

    spent: float
    per_hour: float
    """Of all that is open now."""
    unpriced: int
    """Machines whose price nobody knows: the cost is at least ``spent``."""


def intent_of(row: tuple[Any, ...]) -> Intent:
    """One row of ``COLUMNS``."""
    token, run, platform_id, platform_name, provider, attempt, *rest = row
    region, zone, machine_type, spot, price, *rest = rest
    expires, intended_at, machine_id, launched_at, reachable_at, ended_at, outcome, reason = rest
    return Intent(
        token=token,
        run=run,
        platform_id=platform_id,
        platform_name=platform_name,
        provider=provider,
        attempt=attempt,
        place=Place(region, zone, machine_type, bool(spot), price),
        expires=expires,
        intended_at=intended_at,
        machine_id=machine_id,
        launched_at=launched_at,
        reachable_at=reachable_at,
        ended_at=ended_at,
        outcome=None if outcome is None else Outcome(outcome),
        reason=reason,
    )
