from __future__ import annotations

from dataclasses import replace

from orchestrator.analysis.findings import Findings
from orchestrator.analysis.tables.layers import (
    NO_LAYERS,
    layer_details_table,
    layer_effects_table,
    layer_shares_table,
    layers_table,
)
from tests.unit.analysis.records import A, B, C, lacking, output, record
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


def test_layers_that_could_not_be_recorded_stand_among_the_others() -> None:
    given = [output(A), output(A, "conv", 0), output(A, "relu", 2)]
    found = Findings(
        [
            record("p", given, unrecorded=[lacking("lstm", 1), lacking("state", 3, "a handle")]),
            record("q", [*given, output(A, "state", 3)], unrecorded=[lacking("lstm", 1)]),
        ],
        {},
    )
    table = layers_table(found)
    assert [
        (row["index"], row["layer"], row["platforms"], row["classes"], row["not recorded"])
        for row in rows(table)
    ] == [
        (0, "conv", 2, 1, None),
        (1, "lstm", 0, 0, "strings are not recorded"),
        (2, "relu", 2, 1, None),
        (3, "state", 1, 1, "a handle (p)"),
    ]
    assert [row["splits"] for row in rows(table)] == [False, None, False, False]
    (note,) = found.summary.notes
    assert note.startswith("2 layers were computed but could not be recorded")
    # What a layer does is told against the layer before it that was recorded.
    assert [row["layer"] for row in rows(layer_details_table(found))] == ["conv", "relu", "state"]
