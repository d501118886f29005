"""What is known not to be had is no session to be asked for, in no total, and said with why."""

from __future__ import annotations

from orchestrator.model.experiment import Installation, Limits, Platform, pairs
from orchestrator.plan.availability import NO_MASK, available, not_available
from orchestrator.plan.cells import (
    make_plan,
    over_limit,
    plan_json,
    plan_rows,
    reasons_not_available,
)
from tests.unit.plan.test_cells import LOCAL, NUMPY, SMALL, ZERO, experiment

ONNX = Installation("onnxruntime")
MASK = Platform("mask", "mask/avx2", pairs({"level": "avx2"}))
PLAN = make_plan(
    experiment(workloads=((SMALL, (NUMPY, ONNX)),), inputs=((ZERO, None),), platforms=(LOCAL, MASK))
)
WHY = "onnxruntime has no mask avx2; provider emulated has it (cpu: Haswell)"


def test_a_mask_that_a_framework_has_not_is_known() -> None:
    found = {
        (c.platform.name, c.variant.framework): reason.message if reason else None
        for c in PLAN.cells
        for reason in [not_available(c)]
    }
    assert found == {
        ("local", "numpy"): None,
        ("local", "onnxruntime"): None,
        ("mask/avx2", "numpy"): None,
        ("mask/avx2", "onnxruntime"): WHY,
    }
    assert {r.code for r in map(not_available, PLAN.cells) if r} == {NO_MASK}


def test_the_rest_keeps_its_order() -> None:
    kept = available(PLAN.cells)
    assert kept == tuple(c for c in PLAN.cells if not_available(c) is None)
    assert set(PLAN.cells) - set(kept)


def test_no_total_has_them_and_the_reason_is_told() -> None:
    rows = {(row.platform, row.framework): row[2:] for row in plan_rows(PLAN, {})}
    lacking = sum(not_available(cell) is not None for cell in PLAN.cells)
    assert lacking
    assert rows["mask/avx2", "onnxruntime"] == (0, 0, 0, lacking)
    assert rows["mask/avx2", "numpy"][3] == 0
    document = plan_json(PLAN, {})
    assert document["not_available"] == lacking
    assert document["cells"] == len(PLAN.cells) - lacking
    assert document["sessions"] == sum(c.observe.sessions for c in available(PLAN.cells))
    listed: list[dict[str, object]] = document["plan"]  # type: ignore[assignment]
    told = {(c["platform"], c["framework"]): (c["sessions"], c["not_available"]) for c in listed}
    assert told["mask/avx2", "onnxruntime"] == (0, WHY)
    assert told["mask/avx2", "numpy"][1] is None
    assert reasons_not_available(PLAN) == {WHY: lacking}


def test_a_platform_that_nothing_is_left_of_counts_as_no_machine() -> None:
    masked = make_plan(
        experiment(
            workloads=((SMALL, (ONNX,)),),
            inputs=((ZERO, None),),
            platforms=(LOCAL, MASK),
            limits=Limits(cost=1),
        )
    )
    assert plan_json(masked, {})["machines"] == 1
    assert over_limit(masked, {}) is None
