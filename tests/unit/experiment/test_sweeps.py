"""Arguments with several values: a workload for each combination."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eqc_runner.models.builtin import build
from orchestrator.experiment import builtins
from orchestrator.experiment.sweeps import MOST, SweepError, combinations

from .conftest import Load, Told, text_of

ANY = "inputs: [{random: {seed: 1}}]\n"


def swept(arguments: str, more: str = "", model: str = "builtin:conv") -> str:
    entry = f"  - {{model: '{model}', on: numpy, arguments: {arguments}{more}}}\n"
    return text_of(workloads="workloads:\n" + entry, inputs=ANY)


def test_every_combination_is_a_workload(load: Load) -> None:
    found = [w for w, _ in load(swept("{channels: [3, 64], kernel: [1, 3]}")).workloads]
    assert [w.label for w in found] == [
        "conv kernel=1",  # what is a default is not said
        "conv",
        "conv channels=64 kernel=1",
        "conv channels=64",
    ]
    assert len({w.id for w in found}) == 4


def test_a_label_is_told_apart_by_what_is_swept(load: Load) -> None:
    found = load(swept("{channels: [3, 64], kernel: 5}", ", label: mine")).workloads
    assert [w.label for w, _ in found] == ["mine channels=3", "mine channels=64"]


def test_a_size_follows_from_multiplications(load: Load) -> None:
    text = swept("{channels: [3, 64], filters: 64, size: {multiplications: [1e5, 1e6, 1e8]}}")
    for workload, _ in load(text).workloads:
        graph = build("conv", dict(workload.arguments))
        assert any(1 / 2 <= graph.multiplications / each <= 2 for each in (1e5, 1e6, 1e8))


@given(
    st.fixed_dictionaries(
        {key: st.integers(1, 9) for key in ("kernel", "filters", "channels")}
        | {"padding": st.sampled_from(["same", "valid"]), "size": st.integers(9, 40)}
    ),
    st.integers(1, 9),
    st.integers(1, 9),
)
def test_multiplications_are_the_runners(conv: dict, inputs: int, units: int) -> None:  # type: ignore[type-arg]
    assert builtins.multiplications("conv", conv) == build("conv", conv).multiplications
    dense = {"inputs": inputs, "units": units}
    assert builtins.multiplications("dense", dense) == build("dense", dense).multiplications


@given(st.floats(1e3, 1e8), st.sampled_from(["size", "filters", "channels"]))
def test_no_other_value_is_nearer(target: float, key: str) -> None:
    try:
        (found,) = combinations("builtin:conv", {key: {"multiplications": [target]}})
    except SweepError:  # nothing is within a factor of two
        return
    value = int(found[key])  # type: ignore[arg-type]

    def off(number: int) -> float:
        return abs(math.log(builtins.multiplications("conv", {key: number}) / target))

    assert all(off(value) <= off(other) for other in (value - 1, value + 1) if other >= 1)


@pytest.mark.parametrize(
    ("arguments", "column", "part"),
    [
        ("{kernel: []}", None, "a sweep has at least one value"),
        ("{kernel: [3, [4]]}", None, "a single value"),
        ("{size: {multiplication: [1e3]}}", None, "{multiplications: [1e3, 1e6]}"),
        ("{size: {multiplications: [0]}}", None, "like 1e6"),
        ("{size: {multiplications: [1]}}", 58, "no size gives about 1 multiplications"),
        ("{size: {multiplications: [1e5, 1.001e5]}}", 58, "both mean"),
        ("{padding: {multiplications: [1e5]}}", 61, "no size that follows"),
        (
            "{size: {multiplications: 1e5}, kernel: {multiplications: 1e5}}",
            None,
            "one argument only",
        ),
        ("{kernel: [1, 3, x]}", None, "whole number"),
        ("{kernels: [1, 3]}", None, "did you mean 'kernel'"),
    ],
)
def test_a_mistake(told: Told, arguments: str, column: int | None, part: str) -> None:
    found = told(swept(arguments))
    assert any(part in mistake.message for mistake in found), found
    assert {mistake.line for mistake in found} == {4}
    if column is not None:
        assert found[0].column == column


def test_a_sweep_has_a_limit(told: Told) -> None:
    many = ", ".join(map(str, range(1, 102)))
    (mistake,) = told(swept(f"{{kernel: [{many}], filters: [{many}]}}"))
    assert f"10,201 combinations are more than {MOST:,}" in mistake.message


def test_models_are_not_swept(told: Told) -> None:
    entry = "{models: [onnx:a.onnx, onnx:b.onnx], label: net, arguments: {k: [1, 2]}}"
    found = told(text_of(workloads=f"workloads:\n  - {entry}\n", inputs=ANY))
    assert "of one 'model'" in found[0].message
