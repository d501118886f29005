"""Versions that cannot be had, named where the file asks for them."""

from __future__ import annotations

from orchestrator.experiment import refused
from orchestrator.model.experiment import Installation

SOURCE = """\
workloads:
  - model: builtin:lenet5
    on: [numpy, onnxruntime == 7.0, torch]
  - {model: builtin:conv, on: "onnxruntime==7.0"}
  - {model: "onnx:net.onnx"}
"""


def test_every_place_that_asks_for_the_version_is_named_with_line_and_column() -> None:
    error = refused("a.yaml", SOURCE, {Installation("onnxruntime", "==7.0"): "there is none"})
    assert str(error).splitlines() == [
        "a.yaml:3:17: there is none",
        "a.yaml:4:31: there is none",
    ]


def test_further_packages_of_an_installation_do_not_hide_its_place() -> None:
    wanted = Installation("onnxruntime", "==7.0", ("scipy>=1.14",))
    assert len(refused("a.yaml", SOURCE, {wanted: "there is none"}).mistakes) == 2
