"""One run, computed once, asked along several axes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.running import eqc, written

SPEC = """\
schema: 1
name: axes
compare: [on]
workloads:
  - model: builtin:cifar10-small
    on: [numpy, onnxruntime]
inputs:
  - random: {shape: [1, 32, 32, 3], seed: 1, distribution: uniform}
platforms:
  - provider: local
vary:
  threads: [1, 2]
  flags:
    - {}
    - {on: onnxruntime, optimization: none}
observe: {sessions: 1}
isolation: process
"""


@pytest.mark.slow
@pytest.mark.frameworks
def test_a_stored_run_is_asked_along_other_axes_without_computing(tmp_path: Path) -> None:
    spec = written(tmp_path, SPEC)
    ran = eqc("run", spec, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert "compared by on" in ran.stdout

    def report(*words: str) -> dict:
        done = eqc("report", "results", "--format", "json", *words, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    stored = report()
    assert stored["compare"] == ["on"]
    assert stored["members"] == ["numpy", "onnxruntime"]
    assert {p["variant"].split(" ")[0] for p in stored["partitions"]} == {"float32"}
    by_threads = report("--compare", "threads")
    assert by_threads["members"] == ["threads=1", "threads=2"]
    assert len(by_threads["partitions"]) == 3
    by_flags = report("--compare", "flags")
    assert len(by_flags["members"]) == 2
    plain = report("--compare", "platform")
    assert set(plain) == {"schema", "partitions", "unrecorded_layers"}
    assert len(plain["partitions"]) == 6
    wrong = eqc("report", "results", "--compare", "thread", cwd=tmp_path)
    assert wrong.returncode == 2
    assert "did you mean 'threads'?" in wrong.stderr
    same = eqc("diff", "results", "results", "--compare", "on,threads", cwd=tmp_path)
    assert same.returncode == 0, same.stdout
    collapse = eqc("report", "results", "--show", "collapse", cwd=tmp_path)
    assert collapse.returncode == 2
    assert "what is compared here is on" in collapse.stderr
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "collapse.txt").write_text("of an earlier report")
    every = eqc("report", "results", "--show", "all", "-o", "tables", cwd=tmp_path)
    assert every.returncode == 0, every.stderr
    assert every.stdout.count(": left out: ") == 2
    assert not (tmp_path / "tables" / "collapse.txt").exists()
    assert (tmp_path / "tables" / "flags.txt").read_text().count(" 1") > 1
    why = eqc("explain", "results", "--compare", "on,flags,threads", cwd=tmp_path)
    assert why.returncode == 0
    assert "onnxruntime" in why.stdout
