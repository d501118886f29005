from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.fleet.budget import Budget
from orchestrator.fleet.clock import SimulatedClock
from orchestrator.fleet.journal import Journal
from orchestrator.fleet.limits import FleetLimits
from orchestrator.model.machine import Offer, Order
from tests.unit.fleet.fleets import A, platform

UNPRICED = Offer("a", None, "m5.large")


def budget(folder: Path, limits: FleetLimits, hours: float = 0.0) -> Budget:
    """The budget after one machine at 0.1 USD per hour has run for ``hours``."""
    clock, journal = SimulatedClock(), Journal(folder / "journal.sqlite")
    order = Order("run-1", platform(), 0, A)
    journal.intend(order, 0.0)
    journal.launched(order.token, "i-1", 0.0)
    clock.sleep(hours * 3600)
    return Budget(limits, journal, clock)


def test_without_a_limit_prices_do_not_matter(tmp_path: Path) -> None:
    free = budget(tmp_path, FleetLimits(), 1000)
    assert free.objection(UNPRICED) is None
    assert free.exhausted() is None


@pytest.mark.parametrize("limits", [FleetLimits(cost=5), FleetLimits(cost_per_hour=5)])
def test_with_a_limit_an_unknown_price_is_refused(tmp_path: Path, limits: FleetLimits) -> None:
    reason = budget(tmp_path, limits).objection(UNPRICED)
    assert reason is not None
    assert reason.code == "no-price"
    assert "remove `limits: cost`" in reason.message


def test_below_the_total_nothing_is_refused(tmp_path: Path) -> None:
    below = budget(tmp_path, FleetLimits(cost=1.0), 9)
    assert below.objection(A) is None
    assert below.exhausted() is None


def test_above_the_total_everything_is_refused(tmp_path: Path) -> None:
    over = budget(tmp_path, FleetLimits(cost=1.0), 10.5)
    reason = over.objection(A)
    assert reason is not None
    assert reason.code == "over-limit"
    assert over.exhausted() == "1.05 USD of `limits: cost` (1 USD) are spent"


def test_a_machine_dearer_than_the_hourly_limit_is_refused(tmp_path: Path) -> None:
    reason = budget(tmp_path, FleetLimits(cost_per_hour=0.05)).objection(A)
    assert reason is not None
    assert "0.1 USD per hour" in reason.message


def test_with_a_limit_of_zero_everything_is_refused(tmp_path: Path) -> None:
    nothing = budget(tmp_path, FleetLimits(cost=0.0))
    assert nothing.objection(A) is not None
    assert nothing.objection(Offer("here", price_per_hour=0.0)) is not None
