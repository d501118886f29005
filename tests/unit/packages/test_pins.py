"""Pins and requirements as text."""

from __future__ import annotations

import pytest

from orchestrator.model.experiment import Installation
from orchestrator.packages.pins import name_of, normal_requirement, parse_on, unmet
from orchestrator.packages.requirements import constraints_of, requirements_of


@pytest.mark.parametrize(
    ("text", "pin"),
    [
        ("onnxruntime", None),
        ("onnxruntime == 1.20.1", "==1.20.1"),
        ("onnxruntime>=1.20,<1.21", "<1.21,>=1.20"),
        ("onnxruntime==1.20.*", "==1.20.*"),
        ("onnxruntime==2.13.0+cpu", "==2.13.0+cpu"),
    ],
)
def test_a_pin_has_one_normal_form(text: str, pin: str | None) -> None:
    assert parse_on(text) == Installation("onnxruntime", pin)
    assert parse_on(parse_on(text).label) == parse_on(text)


def test_prereleases_count_where_they_are_installed() -> None:
    assert unmet(["onnxruntime>=1.20"], {"onnxruntime": "1.21.0rc1"}) == ()
    assert unmet(["onnxruntime==1.20.1"], {"onnxruntime": "1.32.0"}) != ()


def test_what_does_not_satisfy_a_requirement_says_which_version_is_there() -> None:
    asked = ["onnxruntime==1.20.1", "scipy>=1.14", "mpmath", 'x; python_version < "3"']
    there = {"onnxruntime": "1.32.0", "scipy": "1.15.0", "mpmath": None}
    assert unmet(asked, there) == (
        "onnxruntime==1.20.1: it has 1.32.0",
        "mpmath: not installed",
    )


def test_a_requirement_has_one_normal_form() -> None:
    assert normal_requirement("Foo_Bar [x] >= 1 , < 2") == "foo-bar[x]<2,>=1"


def test_the_distribution_is_pinned_and_the_lock_makes_room() -> None:
    wanted = Installation("tensorflow", "==2.15.1", ("numpy<2",))
    lines = requirements_of(wanted).splitlines()
    assert "tensorflow-cpu==2.15.1" in lines
    assert "numpy<2" in lines
    assert {"tensorflow-cpu", "numpy"} & set(lines) == set()
    names = {name_of(line) for line in constraints_of(wanted).splitlines()}
    assert {"tensorflow-cpu", "numpy"} & names == set()
    assert "keras" in names


def test_without_a_pin_it_is_what_the_files_say() -> None:
    assert "tensorflow-cpu" in requirements_of(Installation("tensorflow")).splitlines()
    assert "\ntensorflow_cpu==" in constraints_of(Installation("tensorflow"))
