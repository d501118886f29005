from __future__ import annotations

import pytest

from orchestrator.analysis.layers.profile import (
    first_parting,
    layer_grids,
    layer_profile,
    layer_profiles,
)
from orchestrator.analysis.observations.table import observations_table
from orchestrator.results.layers import UnrecordedLayer
from tests.unit.analysis.records import A, B, C, lacking, output, record


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


def test_layers_that_could_not_be_recorded_are_listed_by_reason() -> None:
    records = [
        record("p", [output(A), output(A, "l0", 0), output(A, "l2", 2)], unrecorded=[WORDS]),
        record("q", [output(A), output(B, "l2", 2)], unrecorded=[WORDS, lacking("l0", 0, "None")]),
        record("r", [output(A), output(A, "l0", 0), output(B, "l2", 2)], unrecorded=[WORDS]),
    ]
    observations = observations_table(records)
    (profile,) = layer_profiles(observations, layer_grids(observations))
    # What comes next in the order of computation is compared as if it were not there.
    assert [(row.name, row.platforms, row.splits) for row in profile.rows] == [
        ("l0", 2, False),
        ("l2", 3, True),
    ]
    assert profile.unrecorded == (
        UnrecordedLayer(0, "l0", "conv2d", "None", ("q",)),
        UnrecordedLayer(1, "words", "conv2d", "strings are not recorded", ("p", "q", "r")),
    )
    assert [layer.name for layer in profile.never_recorded] == ["words"]
    assert profile.why_not(0, "l0") == "None (q)"
    assert profile.why_not(1, "words") == "strings are not recorded"
    assert profile.why_not(2, "l2") is None


WORDS = lacking("words", 1)


def test_a_layer_with_two_reasons_says_whose_each_is() -> None:
    records = [
        record("p", [output(A)], unrecorded=[WORDS]),
        record("q", [output(A)], unrecorded=[lacking("words", 1, "None")]),
    ]
    observations = observations_table(records)
    assert layer_grids(observations) == ()
    (profile,) = layer_profiles(observations, ())
    assert (profile.rows, profile.first_parting) == ((), None)
    assert profile.why_not(1, "words") == "None (q); strings are not recorded (p)"


def test_a_layer_that_another_session_recorded_lacks_nothing() -> None:
    records = [
        record("p", [output(A)], session=0, unrecorded=[lacking("l0")]),
        record("p", [output(A), output(A, "l0")], session=1),
    ]
    observations = observations_table(records)
    (profile,) = layer_profiles(observations, layer_grids(observations))
    assert profile.unrecorded == ()
