"""Kernels from the experiment to the explanation: hardware or setting, choice, class."""

from __future__ import annotations

import json
import platform
from pathlib import Path

import pytest

from orchestrator.store.read import read
from tests.e2e.running import eqc, written

EXPERIMENT = """\
schema: 1
name: kernels
workloads:
  - {model: "builtin:lenet5", weights: "seed:1", on: [numpy]}
inputs:
  - random: {seed: 1, distribution: normal}
platforms:
  - provider: local
  - {provider: mask, levels: [sse4]}
observe: {sessions: 1, layers: true, kernels: true}
"""


@pytest.mark.slow
@pytest.mark.skipif(platform.machine() != "x86_64", reason="masks are of x86-64")
def test_the_kernel_stands_between_the_mask_and_the_class(tmp_path: Path) -> None:
    written(tmp_path, EXPERIMENT)
    done = eqc("run", "experiment.yaml", "--isolation", "process", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    records = read(tmp_path / "results").records
    assert [record.kernels is not None and record.kernels.told for record in records] == [True] * 2
    shown = eqc("report", "results", "--show", "kernels", "--format", "json", cwd=tmp_path)
    table = json.loads(shown.stdout)
    names = [column["name"] for column in table["columns"]]
    rows = [dict(zip(names, row, strict=True)) for row in table["rows"]]
    (first,) = (r for r in rows if r["platform"] == "mask/sse4" and r["layer"] == "conv2d")
    assert (first["kernel"], first["algorithm"]) == (
        "numpy:im2col:openblas:sgemm:nehalem",
        "explicit GEMM",
    )
    assert "none of these gave other final outputs" in table["notes"][0]
    explained = eqc("explain", "results", cwd=tmp_path)
    assert explained.returncode == 0, explained.stderr
    assert "Down the model:\n    classes 1 and 2 part at layer conv2d" in explained.stdout
    assert "mask/sse4: numpy:im2col:openblas:sgemm:nehalem (explicit GEMM)" in explained.stdout
