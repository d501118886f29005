"""A difference of two stores says where what moved parts, as far as layers are known."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from orchestrator.analysis.classes.difference import difference
from orchestrator.analysis.findings import Findings
from orchestrator.analysis.layers.moved import with_partings
from orchestrator.report.formats.difference_text import difference_text
from orchestrator.report.formats.json_format import difference_json_text
from orchestrator.results.difference import Difference
from tests.unit.analysis.records import A, B, C, output, record


def compared(
    before: list[np.ndarray | dict[str, Any]],
    after: list[np.ndarray | dict[str, Any]],
    *,
    stored: bool = True,
) -> Difference:
    one, two = Findings([record("p", before)], {}), Findings([record("p", after)], {})
    found = difference(one.described, two.described)
    return with_partings(found, one.records if stored else (), two.records)


def layers(conv: np.ndarray, relu: np.ndarray, final: np.ndarray) -> list[Any]:
    return [output(conv, "conv", 0), output(relu, "relu", 1), final]


def test_the_first_operator_that_moved() -> None:
    found = compared(layers(A, A, A), layers(A, C, B))
    assert "down the model: before and now part at layer relu (conv2d)" in difference_text(found)
    (partition,) = json.loads(difference_json_text(found))["partitions"]
    assert partition["moved"][0]["parting"]["layer"] == "relu"


def test_silent_without_layers_and_against_a_report() -> None:
    for found in (
        compared([A], [B]),
        compared(layers(A, A, A), layers(A, C, B), stored=False),
        compared(layers(A, A, A), layers(A, A, A)),
    ):
        assert "down the model" not in difference_text(found)
        assert '"parting"' not in difference_json_text(found)
