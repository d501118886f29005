"""Outputs and layers that no record can hold, from a function of the user's to every report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.store.read import read
from tests.e2e.running import eqc, written

MODEL = """\
import os

import numpy as np


def model(inputs):
    x = inputs["input"]
    # A platform that gives something else than the others do.
    words = "OPENBLAS_CORETYPE" in os.environ
    return {
        "scores": x * 2,
        "label": np.array(["cat"]),
        "spectrum": np.array(["none"]) if words else np.fft.fft(x).astype(np.complex64),
    }


def layers(inputs):
    return model(inputs), {"tokens": "cat sat", "double": inputs["input"] * 2}


model.layers = layers
"""
EXPERIMENT = """\
schema: 1
name: words
workloads:
  - {model: "python:words_model:model", on: [numpy], label: words}
inputs:
  - random: {shape: [1, 8], seed: 1, distribution: uniform}
platforms: [{provider: local}]
observe: {sessions: 2, layers: true, keep: final}
"""
RUN = ("run", "experiment.yaml", "--isolation", "process")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "words_model.py").write_text(MODEL)
    written(tmp_path, EXPERIMENT)
    return tmp_path


def test_outputs_that_nobody_can_record_are_listed_and_nothing_is_missing(folder: Path) -> None:
    done = eqc(*RUN, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "output:label: not recorded: text is not recorded" in done.stdout
    first, second = read(folder / "results").records
    assert first.bits == second.bits
    assert [(one.name, one.dtype, one.index) for one in first.outputs] == [
        ("output:scores", "float32", 0),
        ("output:spectrum", "complex64", 2),
        ("double", "float32", 1),
    ]
    assert [(one.name, one.role, one.index) for one in first.unrecorded] == [
        ("output:label", "final", 1),
        ("tokens", "layer", 0),
    ]
    assert first.perturbed is False
    # A computed session is not asked again for what it cannot have.
    assert "0 sessions in 0 jobs" in eqc(*RUN, cwd=folder).stderr
    table = json.loads(
        eqc("report", "results", "--show", "layers", "--format", "json", cwd=folder).stdout
    )
    heads = [column["name"] for column in table["columns"]]
    rows = [dict(zip(heads, row, strict=True)) for row in table["rows"]]
    assert [(row["layer"], row["classes"], row["not recorded"]) for row in rows] == [
        ("tokens", 0, "text is not recorded"),
        ("double", 1, None),
    ]


def test_what_one_platform_cannot_record_is_missing_there_and_a_difference_says_so(
    folder: Path,
) -> None:
    assert eqc(*RUN, cwd=folder).returncode == 0
    report = ("report", "results", "--format", "json", "-o", "before.json")
    eqc(*report, cwd=folder)
    both = EXPERIMENT.replace("[{provider: local}]", "[{provider: mask, levels: [avx]}]")
    written(folder, both)
    masked = eqc(*RUN, "--results", "masked", cwd=folder)
    assert "output:spectrum: not recorded" in masked.stdout
    written(folder, EXPERIMENT.replace("[{", "[{provider: mask, levels: [avx]}, {"))
    done = eqc(*RUN, cwd=folder)
    assert done.returncode == 4, done.stderr
    assert "1 not recorded" in done.stdout
    report = json.loads(eqc("report", "results", "--format", "json", cwd=folder).stdout)
    spectrum = next(one for one in report["partitions"] if one["output"] == "output:spectrum")
    assert [one["status"] for one in spectrum["missing"]] == ["not recorded"]
    assert spectrum["classes"][0]["type"] == "complex64[1,8]"
    assert len(spectrum["classes"][0]["chain"]) == 24
    assert [layer["name"] for layer in report["unrecorded_layers"]] == ["tokens"]
    found = eqc("diff", "results", "masked", "--ignore", "platform", cwd=folder)
    assert found.returncode == 2, "results has two platforms"
    found = eqc("diff", "before.json", "masked", "--ignore", "platform", cwd=folder)
    assert found.returncode == 4, found.stderr
    assert "no longer recorded: local" in found.stdout
    found = eqc("diff", "masked", "before.json", "--ignore", "platform", cwd=folder)
    assert "recorded now, not in the baseline" in found.stdout
    merged = eqc("merge", "results", "masked", "-o", "merged", cwd=folder)
    assert merged.returncode == 0, merged.stderr
    assert all(len(record.unrecorded) >= 2 for record in read(folder / "merged").records)
