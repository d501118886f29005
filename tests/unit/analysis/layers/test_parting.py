"""The first operator that parts two sessions, against a search that looks at every layer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.analysis.findings import Findings
from orchestrator.analysis.layers.parting import first_parting, parting
from orchestrator.report.formats.explanation_text import explanation_text
from orchestrator.report.parting_words import parting_sentence
from orchestrator.results.parting import Parting, Unparted
from orchestrator.results.record import Observation
from orchestrator.store.parse import parse_observation
from tests.unit.analysis.records import A, B, C, line, output
from tests.unit.analysis.tables.machines import FINGERPRINTS

ARRAYS = (A, B, C)
NAMES = ("conv", "relu", "pool", "dense", "softmax")
Layers = dict[str, int]
"""By name, which of ``ARRAYS``."""


def session(platform: str, layers: Layers, final: np.ndarray = A, **more: Any) -> Observation:
    outputs = [output(ARRAYS[value], name, NAMES.index(name)) for name, value in layers.items()]
    return parse_observation(line(platform, [*outputs, output(final)], fingerprint=platform) | more)


def eigen(*sizes: str, layer: str = "conv", perturbed: bool = False) -> dict[str, Any]:
    rows = [
        {
            "layer": layer,
            "operation": "_FusedConv2D",
            "kernel": "gemm_api",
            "sizes": each,
            "source": "onednn",
            "calls": 2,
        }
        for each in sizes
    ]
    return {"kernels": {"perturbed": perturbed, "reason": None, "rows": rows}}


UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
layers = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 2), min_size=1)


@UNHURRIED
@given(layers, layers)
def test_brute_force(one: Layers, two: Layers) -> None:
    found = parting(session("p", one), session("q", two))
    differing = [name for name in NAMES if name in one and name in two and one[name] != two[name]]
    if not differing:
        assert isinstance(found, Unparted)
        return
    assert isinstance(found, Parting)
    assert found.layer == differing[0]
    assert found.index == NAMES.index(differing[0])
    before = NAMES[: found.index]
    assert found.unknown_before == sum((name in one) != (name in two) for name in before)
    # Whatever both recorded before it has equal bits: its inputs do.
    assert all(one[name] == two[name] for name in before if name in one and name in two)
    x, y = (ARRAYS[side[found.layer]].view(np.uint32) for side in (one, two))
    assert found.bits == max(int(32 - int(d).bit_length()) - 9 for d in [max((x ^ y).flat)])
    assert found.of_bits == 23


@UNHURRIED
@given(layers, layers)
def test_both_orders_name_the_same_layer(one: Layers, two: Layers) -> None:
    left, right = (
        [each for each in session("p", side).outputs if each.role == "layer"] for side in (one, two)
    )
    there, back = first_parting(left, right), first_parting(right, left)
    assert (there and (there[0].name, there[2])) == (back and (back[0].name, back[2]))


def test_tensorflow_s_blocks_are_the_sentence() -> None:
    eigens = {"variant": {"id": "v", "label": "tensorflow", "framework": "tensorflow"}}
    left = session("a", {"conv": 0}, **eigens, **eigen("192x288:288x48"))
    right = session("b", {"conv": 1}, B, **eigens, **eigen("128x288:288x48", "64x288:288x48"))
    assert parting_sentence(parting(left, right, (1, 2))) == (
        "classes 1 and 2 part at layer conv (conv2d), whose inputs are equal; 20 of 23 bits are "
        "left; a: Eigen contraction gemm_api 192x288:288x48 (2 times) (GEMM); b: Eigen contraction "
        "gemm_api 128x288:288x48 (2 times), 64x288:288x48 (2 times) (GEMM)"
    )


def test_kernels_of_a_process_with_other_bits_are_not_told() -> None:
    left = session("a", {"conv": 0}, **eigen("4x4:4x4", perturbed=True))
    right = session("b", {"conv": 1}, B)
    found = parting_sentence(parting(left, right))
    assert found.endswith("observe: {kernels: true} would tell the kernels")


def test_layers_of_another_run_part_nothing() -> None:
    left, right = session("a", {"conv": 0}), session("b", {"conv": 1}, B)
    found = parting(left._replace(perturbed=True), right)
    assert isinstance(found, Unparted)
    assert "recording the layers of a changed its final output" in parting_sentence(found)


def explained(*records: Observation) -> Findings:
    return Findings(list(records), FINGERPRINTS)


def test_an_explanation_goes_down_the_model() -> None:
    records = (
        session("haswell2", {"conv": 0, "relu": 0}, A, **eigen("8x8:8x8")),
        session("skylake2", {"conv": 0, "relu": 1}, B, **eigen("8x8:8x8")),
    )
    found = explained(*records).explained()
    (explanation,) = found.items
    (one,) = explanation.partings
    assert isinstance(one, Parting)
    assert (one.layer, one.sides[0].class_number, one.sides[1].platform) == ("relu", 1, "skylake2")
    assert "Down the model:\n    classes 1 and 2 part at layer relu" in explanation_text(found)


def test_without_layers_nothing_is_said() -> None:
    found = explained(session("haswell2", {}, A), session("skylake2", {}, B)).explained()
    assert found.items[0].partings == ()
    assert "Down the model" not in explanation_text(found)


def test_the_kernel_stands_between_hardware_and_class() -> None:
    found = explained(
        session("haswell2", {}, A, **eigen("8x8:8x8")),
        session("skylake2", {}, B, **eigen("16x8:8x8")),
    ).explained()
    links = {link.attribute: link.values for link in found.items[0].answers[0].links}
    assert links["kernel conv"] == (
        ("gemm_api 8x8:8x8 (2 times) (GEMM)", (1,)),
        ("gemm_api 16x8:8x8 (2 times) (GEMM)", (2,)),
    )


def test_one_side_without_layers_is_said() -> None:
    found = parting(session("a", {"conv": 0}), session("b", {}, B))
    assert isinstance(found, Unparted)
    assert "no layers were recorded" in found.reason
    assert replace(found, reason="x").reason == "x"


def test_layers_that_were_cut_out_say_so() -> None:
    left, right = session("a", {"conv": 0}), session("b", {"conv": 1}, B)
    cut = left._replace(perturbed=True, layers_by="cuts")
    found = parting(cut, right)
    assert isinstance(found, Parting)
    assert found.cut
    assert "parts of the model that end there" in parting_sentence(found)
