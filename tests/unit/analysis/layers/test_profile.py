from __future__ import annotations

import pytest

from orchestrator.analysis.layers.profile import first_parting, layer_grids, layer_profile
from orchestrator.analysis.observations.table import observations_table
from tests.unit.analysis.records import A, B, C, output, record


def observed(**layers: list) -> object:
    return observations_table(
        record(
            platform,
            [output(A), *(output(x, f"l{i}", i) for i, x in enumerate(values) if x is not None)],
        )
        for platform, values in layers.items()
    )


def test_splits_and_merges() -> None:
    # Layer 1: c differs. Layer 2: b differs, c equals a again. Layer 3: all are equal.
    observations = observed(a=[A, A, A, C], b=[A, A, B, C], c=[A, C, A, C])
    (grid,) = layer_grids(observations)
    profile = layer_profile(observations, grid)
    assert [row.name for row in profile.rows] == ["l0", "l1", "l2", "l3"]
    assert [row.classes for row in profile.rows] == [1, 2, 2, 1]
    assert [row.splits for row in profile.rows] == [False, True, True, False]
    assert [row.merges for row in profile.rows] == [False, False, True, True]
    assert [row.remaining_precision for row in profile.rows][::3] == [23, 23]
    assert profile.first_parting == "l1"
    assert profile.rows[0].operation == "conv2d"


def test_first_parting_of_a_pair() -> None:
    (grid,) = layer_grids(observed(a=[A, A, A], b=[A, A, B], c=[A, None, B]))
    assert first_parting(grid, "a", "b") == "l2"
    assert first_parting(grid, "b", "c") is None
    with pytest.raises(ValueError, match="nobody"):
        first_parting(grid, "a", "nobody")


def test_layers_follow_their_index_not_their_order_in_the_record() -> None:
    record_ = record("a", [output(A), output(B, "late", 5), output(A, "early", 2)])
    (grid,) = layer_grids(observations_table([record_]))
    assert grid.names == ("early", "late")


def test_layers_of_one_name_have_the_operation_of_their_own_workload_and_variant() -> None:
    kinds = {("net", "a"): "relu", ("other", "a"): "tanh", ("net", "b"): "sigmoid"}
    records = [
        record(
            "p", [{**output(A, "act", 0), "operation": kind}], workload=workload, variant=variant
        )
        for (workload, variant), kind in kinds.items()
    ]
    grids = layer_grids(observations_table(records))
    assert {(grid.workload, grid.variant): grid.operations for grid in grids} == {
        key: (kind,) for key, kind in kinds.items()
    }


def test_no_layers_no_grid() -> None:
    assert layer_grids(observations_table([record("a", [A])])) == ()
