"""Platforms, offers, a synthetic provider and a fleet for the fleet's tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event
from typing import Any

from bench.synthetic.provider import SyntheticProvider
from orchestrator.fleet.clock import Clock, SimulatedClock
from orchestrator.fleet.journal import Journal
from orchestrator.fleet.limits import FleetLimits, Timeouts
from orchestrator.fleet.provision import LaunchTemplate
from orchestrator.fleet.scheduler import Fleet
from orchestrator.model import events
from orchestrator.model.experiment import Platform, pairs
from orchestrator.model.machine import Machine, Offer
from orchestrator.providers import registry

A = Offer("a", None, "m5.large", price_per_hour=0.1)
A_ZONE = Offer("a", "a1", "m5.large", price_per_hour=0.1)
A_SPOT = Offer("a", None, "m5.large", spot=True, price_per_hour=0.03)
B = Offer("b", None, "m5.large", price_per_hour=0.12)
B_SPOT = Offer("b", None, "m5.large", spot=True, price_per_hour=0.04)


def platform(number: int = 0, provider: str = "aws") -> Platform:
    name = f"{provider}/{number}"
    return Platform(provider, name, pairs({"machine_type": "m5.large", "number": number}))


class Made:
    """One fleet with a synthetic provider; ``told`` are the events that it sent."""

    def __init__(
        self,
        folder: Path,
        provider: SyntheticProvider | Mapping[str, Any],
        clock: Clock | None = None,
        *,
        limits: FleetLimits | None = None,
        timeouts: Timeouts | None = None,
        lifetime: Callable[[Platform], float | None] = lambda _: None,
        tell: events.EventSink | None = None,
    ) -> None:
        self.clock = clock or SimulatedClock()
        self.journal = Journal(folder / "journal.sqlite")
        self.stop, self.abort = Event(), Event()
        self.told: list[events.Event] = []
        self.fleet = Fleet(
            self.journal,
            provider if isinstance(provider, Mapping) else {"aws": provider},
            limits or FleetLimits(),
            LaunchTemplate("run-1", owner="me", login_key="ssh-ed25519 AAAA", lifetime=lifetime),
            self.clock,
            tell or self.told.append,
            self.stop,
            self.abort,
            how_to_end=registry.how_to_end,
            timeouts=timeouts,
            seed=1,
        )

    def work(self, seconds: float = 10.0) -> Callable[[Machine, Event], str]:
        def work(machine: Machine, stop: Event) -> str:
            assert machine.address is not None
            self.clock.sleep(seconds, stop)
            return machine.id

        return work


def provider(clock: Clock, **named: object) -> SyntheticProvider:
    offers = named.pop("offers", (A, B))
    return SyntheticProvider(clock, offers, **named)  # type: ignore[arg-type]


def nothing_left(made: Made, cloud: SyntheticProvider) -> None:
    cleanup = made.fleet.cleanup()
    assert cleanup.left == 0
    assert cloud.alive == {}
    assert list(made.journal.open_intents()) == []
