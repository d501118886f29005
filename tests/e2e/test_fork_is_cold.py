"""Forked and cold sessions give the same bits, in every framework, layer by layer."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.store.read import read
from tests.e2e.running import eqc, written

SPEC = """\
schema: 1
name: {mode}
workloads:
  - model: builtin:cifar10-small
    on: [{framework}]
  - model: builtin:conv
    arguments: {{kernel: 3, filters: 64, size: 32, channels: 64}}
    weights: seed:1
    on: [{framework}]
inputs:
  - images: [digits:0]
    for: [cifar10-small]
  - random: {{shape: [1, 32, 32, 64], seed: 1, distribution: normal}}
    for: ["builtin:conv"]
platforms:
  - provider: local
vary:
  threads: [1, 2]
observe: {{sessions: 2, layers: true, mode: {mode}}}
"""


@pytest.mark.frameworks
@pytest.mark.parametrize(
    "framework", ["jax", "numpy", "onnxruntime", "openvino", "tensorflow", "torch"]
)
def test_forked_and_cold_sessions_give_the_same_bits(tmp_path: Path, framework: str) -> None:
    found = {}
    for mode in ("fork", "cold"):
        spec = written(tmp_path, SPEC.format(mode=mode, framework=framework), f"{mode}.yaml")
        done = eqc("run", spec, "--isolation", "process", cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        records = read(tmp_path / "results" / mode).records
        assert {record.mode for record in records} == {mode}
        found[mode] = {
            (r.cell, r.session, o.role, o.name): o.digest for r in records for o in r.outputs
        }
    assert len(found["fork"]) > 2 * 2 * 2 * 2
    assert found["fork"] == found["cold"]
