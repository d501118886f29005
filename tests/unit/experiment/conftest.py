"""Experiment files for tests: write and load them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator import experiment
from orchestrator.errors import Mistake, SpecError
from orchestrator.model.experiment import Experiment
from orchestrator.providers import registry

HEAD = """\
schema: 1
name: test
"""
WORKLOADS = """\
workloads:
  - {model: "builtin:cifar10-small", on: [numpy, torch]}
"""
INPUTS = """\
inputs:
  - images: [digits:0]
"""
PLATFORMS = """\
platforms:
  - provider: local
"""

Load = Callable[..., Experiment]
Told = Callable[..., tuple[Mistake, ...]]


def text_of(
    extra: str = "",
    *,
    workloads: str = WORKLOADS,
    inputs: str = INPUTS,
    platforms: str = PLATFORMS,
) -> str:
    """The text of a valid experiment file, some of whose sections may be replaced."""
    return HEAD + workloads + inputs + platforms + extra


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """A function that writes the text of an experiment file to ``tmp_path`` and loads it."""

    def load(text: str, name: str = "x.yaml") -> Experiment:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return experiment.load(path, registry.providers(), cache=tmp_path / "cache")

    return load


@pytest.fixture
def told(load: Load) -> Told:
    """A function that returns the mistakes in an experiment file; fails if there are none."""

    def told(text: str) -> tuple[Mistake, ...]:
        with pytest.raises(SpecError) as caught:
            load(text)
        return caught.value.mistakes

    return told
