from __future__ import annotations

from dataclasses import replace

from orchestrator.analysis.tables.layers import (
    NO_LAYERS,
    layer_details_table,
    layer_effects_table,
    layer_shares_table,
    layers_table,
)
from tests.unit.analysis.records import A, B, C
from tests.unit.analysis.tables.machines import fleet, layered, rows, stored


def test_layers_part_and_meet() -> None:
    table = layers_table(layered())
    assert [
        (row["layer"], row["classes"], row["splits"], row["merges"]) for row in rows(table)
    ] == [
        ("conv", 2, True, False),
        ("relu", 1, False, True),
    ]
    assert table.notes[-1] == "net · digits:0 · numpy float32: first parting at conv"


def test_shares_are_left_out_where_tensors_are_missing_and_that_is_said() -> None:
    table = layer_details_table(layered())
    conv, relu = rows(table)
    assert (conv["effect"], relu["effect"]) == ("lowers", "raises")
    assert (conv["deviating after"], relu["deviating before"], relu["deviating after"]) == (
        None,
        None,
        0.0,
    )
    (note,) = table.notes
    assert "2 layer outputs that the shares need are not stored" in note


def test_shares_come_from_stored_tensors() -> None:
    findings = replace(layered(), tensors=stored(A, B, C))
    assert layer_details_table(findings).notes == ()
    (row,) = rows(layer_shares_table(findings))
    assert (row["layer"], row["deviating before"], row["deviating after"]) == ("relu", 1.0, 0.0)
    (effects,) = rows(layer_effects_table(findings))
    assert (effects["operation"], effects["raises"], effects["lowers"]) == ("relu", 1.0, 0.0)


def test_without_layers_the_table_says_how_to_have_them() -> None:
    for make in (layers_table, layer_details_table, layer_effects_table, layer_shares_table):
        assert (make(fleet()).rows, make(fleet()).notes) == ((), (NO_LAYERS,))
