"""``on: [onnxruntime==1.20.1]`` and ``requires``: pins, mistakes, filters, cells."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.model.experiment import Installation
from orchestrator.plan.cells import group_batches, make_plan
from tests.unit.experiment.conftest import text_of

TWO = """\
workloads:
  - model: builtin:lenet5
    on: [onnxruntime==1.20.1, "onnxruntime == 1.32.0", numpy]
"""
INPUTS = "inputs:\n  - random: {seed: 1}\n"


def test_each_version_is_a_variant_of_its_own(load: Any) -> None:
    plan = make_plan(load(text_of(workloads=TWO, inputs=INPUTS)))
    variants = {cell.variant.label: cell.variant for cell in plan.cells}
    assert list(variants) == [
        "onnxruntime==1.20.1 float32",
        "onnxruntime==1.32.0 float32",
        "numpy float32",
    ]
    assert variants["onnxruntime==1.20.1 float32"].installation == Installation(
        "onnxruntime", "==1.20.1"
    )
    local = [b.installation.label for b in group_batches(plan.cells) if b.platform.name == "local"]
    assert local == ["onnxruntime==1.20.1", "onnxruntime==1.32.0", "numpy"]


@pytest.mark.parametrize(
    ("excluded", "left"),
    [
        ("onnxruntime", {"numpy"}),
        ("onnxruntime==1.20.1", {"onnxruntime==1.32.0", "numpy"}),
        ('"onnxruntime == 1.32.0"', {"onnxruntime==1.20.1", "numpy"}),
    ],
)
def test_a_filter_names_any_version_or_one(load: Any, excluded: str, left: set[str]) -> None:
    rest = f"exclude:\n  - {{on: [{excluded}]}}\n"
    cells = make_plan(load(text_of(workloads=TWO, inputs=INPUTS) + rest)).cells
    assert {cell.variant.installation.label for cell in cells} == left


def test_flags_are_limited_to_a_version(load: Any) -> None:
    rest = "vary:\n  flags:\n    - {optimization: none, on: [onnxruntime==1.20.1]}\n    - {}\n"
    cells = make_plan(load(text_of(workloads=TWO, inputs=INPUTS) + rest)).cells
    flagged = {cell.variant.installation.label for cell in cells if cell.variant.flags}
    assert flagged == {"onnxruntime==1.20.1"}
    assert len({cell.variant.label for cell in cells}) == 4


def test_requires_are_normal_and_part_of_the_installation(load: Any) -> None:
    workloads = (
        'workloads:\n  - {model: "builtin:lenet5", on: [numpy], '
        'requires: ["SciPy >= 1.14", "mpmath", "mpmath"]}\n'
    )
    (installation,) = {
        cell.variant.installation
        for cell in make_plan(load(text_of(workloads=workloads, inputs=INPUTS))).cells
    }
    assert installation == Installation("numpy", None, ("mpmath", "scipy>=1.14"))
    assert installation.title == "numpy + mpmath + scipy>=1.14"


@pytest.mark.parametrize(
    ("entry", "key", "message"),
    [
        ("on: [onnxruntime=1.20]", "on: [", "'=1.20' is no version specifier (PEP 440)"),
        ("on: [numpy, onnxruntime==]", "numpy, ", "'==' is no version specifier"),
        ("on: [onxruntime==1.20.1]", "on: [", "did you mean 'onnxruntime'?"),
        ("on: [onnxruntime>=1.20,<1.21]", "20,", "a pin with a comma needs quotes"),
        ("on: [numpy], requires: [scipy=>1]", "requires: [", "is no requirement (PEP 508)"),
        (
            "on: [onnxruntime], requires: [onnxruntime==1.20.1]",
            "requires: [",
            "is the framework: pin it with 'on'",
        ),
        (
            'on: [numpy], requires: ["a @ https://u:p@example.org/a.whl"]',
            "requires: [",
            "its URL has a login",
        ),
    ],
)
def test_a_mistake_has_its_line_and_column(told: Any, entry: str, key: str, message: str) -> None:
    line = f'  - {{model: "builtin:lenet5", {entry}}}'
    found = told(text_of(workloads=f"workloads:\n{line}\n", inputs=INPUTS))
    mistake = next(m for m in found if message in m.message)
    assert (mistake.line, mistake.column) == (4, line.index(key) + len(key) + 1)
