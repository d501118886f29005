"""Flags are checked where they are written, for the frameworks that compute with them."""

from __future__ import annotations

import pytest

from .conftest import Load, Told, text_of


@pytest.mark.parametrize(
    ("flags", "value", "said"),
    [
        ("{mkldn: false}", "false", "torch has no flag 'mkldn'; did you mean 'mkldnn'?"),
        ("{mkldnn: 1}", "1", "flag mkldnn is true or false, not 1"),
        ("{seed: true}", "true", "flag seed is a whole number, not True"),
        ("{seed: 1.5}", "1.5", "flag seed is a whole number, not 1.5"),
        ("{seed: 1, float32_matmul_precision: low}", "low", "is highest or high or medium, not"),
        ("{xla: true, on: [torch]}", "true", "torch has no flag 'xla'"),
    ],
)
@pytest.mark.parametrize("filters", ["", "exclude: [{precision: float32}]\n"])
def test_a_wrong_flag_has_its_place(
    told: Told, flags: str, value: str, said: str, filters: str
) -> None:
    text = text_of(workloads='workloads: [{model: "builtin:cifar10-small", on: torch}]\n')
    (mistake,) = told(f"{text}vary:\n  flags:\n    - {flags}\n{filters}")
    assert said in mistake.message
    assert mistake.line == text.count("\n") + 3
    assert mistake.column == len("    - ") + flags.index(value) + 1


@pytest.mark.parametrize("entry", ["mkldnn: false, on: [torch]", "seed: -3"])
def test_right_flags_pass(load: Load, entry: str) -> None:
    (flag,) = load(text_of(f"vary: {{flags: [{{{entry}}}]}}\n")).variants[0].flags
    assert flag in [("mkldnn", False), ("seed", -3)]


def test_a_framework_that_does_not_say_its_flags_is_not_judged(load: Load) -> None:
    workloads = 'workloads: [{model: "builtin:cifar10-small", on: numpy}]\n'
    text = text_of("vary: {flags: [{convolution: direct}]}\n", workloads=workloads)
    assert load(text).variants[0].flags == (("convolution", "direct"),)
