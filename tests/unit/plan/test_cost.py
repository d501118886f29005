from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from orchestrator.model.experiment import Limits, Plan, Platform, pairs
from orchestrator.model.machine import CloudPlacement
from orchestrator.plan.cells import make_plan, over_limit, plan_json
from orchestrator.plan.cost import (
    BOOT_MINUTES,
    IMAGE_MINUTES,
    SESSION_SECONDS,
    dollars,
    estimate_json,
    estimates,
    hourly,
    total,
)

from .test_cells import C5, LOCAL, T4, experiment

M8I = Platform("aws", "aws/m8i.large", pairs({"machine_type": "m8i.large"}))
NONE = Platform("aws", "aws/c5.gigantic", pairs({"machine_type": "c5.gigantic"}))


def placed(platform: Platform, **placement: Any) -> Platform:
    return replace(platform, placement=CloudPlacement(**placement))


def plan_of(*platforms: Platform, **limits: float) -> Plan:
    return make_plan(
        experiment(platforms=platforms, limits=Limits(**limits))  # type: ignore[arg-type]
    )


def test_a_machine_is_paid_for_its_boot_its_images_and_its_sessions() -> None:
    plan = plan_of(placed(C5, regions=("eu-central-1",)))
    (only,) = estimates(plan.cells, {})
    sessions = 3 * len(plan.cells)
    minutes = BOOT_MINUTES + 2 * IMAGE_MINUTES + sessions * SESSION_SECONDS / 60
    assert only.minutes == pytest.approx(minutes)
    assert only.cost == pytest.approx(0.097 * minutes / 60)
    assert only.price_date == "2025-03-02"
    assert only.offer is not None
    assert only.offer.label == "c5.large in eu-central-1"


def test_stored_sessions_are_not_paid_again() -> None:
    plan = plan_of(C5)
    torch = {c.id: 3 for c in plan.cells if c.variant.framework == "torch"}
    (less,) = estimates(plan.cells, torch)
    numpy = [c for c in plan.cells if c.variant.framework == "numpy"]
    seconds = 3 * len(numpy) * SESSION_SECONDS
    assert less.minutes == pytest.approx(BOOT_MINUTES + IMAGE_MINUTES + seconds / 60)
    assert estimates(plan.cells, {c.id: 3 for c in plan.cells}) == ()


def test_what_is_rented_at_no_price_of_ours_costs_something() -> None:
    plan = plan_of(placed(Platform("lambda", "lambda/h100"), spot=True))
    (only,) = estimates(plan.cells, {})
    assert (only.offer, only.cost, only.obstacle) == (None, None, None)
    assert total((only,)).label == "at least 0.00 USD"


def test_this_computer_costs_nothing() -> None:
    plan = plan_of(LOCAL)
    assert plan_json(plan, {})["cost"] == 0.0
    assert total(estimates(plan.cells, {})).label == "0.00 USD"
    assert over_limit(plan_of(LOCAL, cost=0.0), {}) is None


def test_an_unknown_price_is_never_0() -> None:
    plan = plan_of(C5, M8I)
    found = estimates(plan.cells, {})
    whole = total(found)
    assert found[1].cost is None
    assert whole.unknown == 1
    assert whole.label.startswith("at least 0.")
    document = plan_json(plan, {})
    assert document["cost"] is None
    estimate = document["estimate"]
    assert isinstance(estimate, dict)
    assert estimate["at_least"] == pytest.approx(found[0].cost, abs=1e-4)
    json.dumps(document)


def test_hardware_that_is_not_offered_is_named_and_not_counted() -> None:
    found = estimates(plan_of(C5, NONE).cells, {})
    assert found[1].obstacle is not None
    assert "c5.gigantic" in found[1].obstacle
    assert estimate_json(found)["cost"] == pytest.approx(found[0].cost, abs=1e-4)


def test_spot_counts_by_its_own_price() -> None:
    n2 = Platform("gcp", "n2", pairs({"machine_type": "n2-standard-2"}))
    dear, cheap = (
        estimates(plan_of(placed(n2, spot=spot)).cells, {})[0].cost for spot in (False, True)
    )
    assert dear is not None
    assert cheap is not None
    assert cheap < dear / 2


def test_a_plan_over_its_limit_is_told_with_the_way_out() -> None:
    assert over_limit(plan_of(C5, T4, cost=50, cost_per_hour=5), {}) is None
    over = over_limit(plan_of(C5, M8I, cost=0.001), {})
    assert over is not None
    assert "at least" in over
    assert "over the limit of 0.0010 USD" in over
    done = {cell.id: 33 for cell in plan_of(C5, M8I).cells}
    assert over_limit(plan_of(C5, M8I, cost=0.001), done) is None


def test_machines_at_once_count_for_the_rate() -> None:
    found = estimates(plan_of(C5, T4).cells, {})
    assert hourly(found, None) == pytest.approx(0.085 + 0.526)
    assert hourly(found, 1) == pytest.approx(0.526)
    over = over_limit(plan_of(C5, T4, cost_per_hour=0.6), {})
    assert over is not None
    assert "lower limits: machines" in over
    assert over_limit(plan_of(C5, T4, cost_per_hour=0.6, machines=1), {}) is None


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0, "0.00"), (0.0042, "0.0042"), (0.0999, "0.0999"), (0.1, "0.10"), (12.3, "12.30")],
)
def test_small_amounts_are_not_rounded_away(amount: float, text: str) -> None:
    assert dollars(amount) == text
