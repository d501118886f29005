"""A mask that ONNX Runtime has not: planned as such, stored once, in no report as missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.errors import Exit
from orchestrator.store.read import read
from tests.e2e.running import eqc, written

SPEC = """\
schema: 1
name: masks
workloads:
  - model: builtin:conv
    arguments: {kernel: 1, filters: 1, size: 2, channels: 1}
    on: [onnxruntime]
inputs:
  - random: {shape: [1, 2, 2, 1], seed: 1, distribution: uniform}
platforms:
  - provider: local
  - provider: mask
    levels: [avx2]
observe: {sessions: 2}
isolation: process
"""
SAID = "onnxruntime has no mask avx2"


@pytest.mark.frameworks
def test_it_is_known_before_and_after_and_fails_nothing(tmp_path: Path) -> None:
    spec = written(tmp_path, SPEC)
    shown = eqc("plan", spec, cwd=tmp_path).stdout
    assert "1 cell, 1 more not available" in shown
    assert f"not available: {SAID}" in shown
    first = eqc("run", spec, cwd=tmp_path)
    assert first.returncode == Exit.DONE, first.stderr
    assert f"not available mask/avx2 onnxruntime: {SAID}" in first.stderr
    again = eqc("run", spec, cwd=tmp_path)
    assert again.returncode == Exit.DONE, again.stderr
    assert SAID not in again.stderr
    assert eqc("run", spec, "--strict", cwd=tmp_path).returncode == Exit.INCOMPLETE
    lenient = eqc("run", spec, "--strict", "--allow-missing", cwd=tmp_path)
    assert lenient.returncode == Exit.DONE
    rows = [(r.platform.name, r.status, r.attempt) for r in read(tmp_path / "results").records]
    expected = [("local", "ok", 0)] * 2 + [("mask/avx2", "not-available", 0)] * 2
    assert sorted(rows) == expected

    reported = eqc("report", "results", "--format", "json", cwd=tmp_path)
    (partition,) = json.loads(reported.stdout)["partitions"]
    assert (reported.returncode, partition["missing"]) == (Exit.DONE, [])
    assert [one["platform"] for one in partition["not_available"]] == ["mask/avx2"]
    assert eqc("report", "results", "--check", cwd=tmp_path).returncode == Exit.DONE
    strict = eqc("report", "results", "--check", "--strict", cwd=tmp_path)
    assert strict.returncode == Exit.INCOMPLETE


@pytest.mark.frameworks
def test_the_plan_counts_what_the_installed_software_computed(tmp_path: Path) -> None:
    spec = written(tmp_path, SPEC)
    assert eqc("run", spec, cwd=tmp_path).returncode == Exit.DONE

    def planned(name: Path) -> dict[str, int]:
        found = json.loads(eqc("plan", name, "--json", cwd=tmp_path).stdout)
        return {key: found[key] for key in ("sessions", "done", "done_by_any_software")}

    assert planned(spec) == {"sessions": 2, "done": 2, "done_by_any_software": 0}
    _other_software(tmp_path / "results")
    assert planned(spec) == {"sessions": 2, "done": 0, "done_by_any_software": 0}
    in_images = written(tmp_path, SPEC.replace("isolation: process", ""), "other.yaml")
    assert planned(in_images) == {"sessions": 2, "done": 2, "done_by_any_software": 2}
    shown = eqc("plan", in_images, cwd=tmp_path).stdout
    assert "done: 2 sessions by whatever software" in shown


def _other_software(store: Path) -> None:
    """As if an older version had computed what is stored."""
    for path in store.glob("**/observations/*.jsonl"):
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        for line in lines:
            if line["status"] == "ok":
                line["software"]["id"] = "0" * 16
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
