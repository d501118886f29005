"""Running a file again, unchanged and changed: stored sessions are not computed again."""

from __future__ import annotations

from pathlib import Path

from orchestrator.store.read import read
from tests.e2e.running import SMALL, eqc, written


def test_only_new_cells_are_computed_and_only_planned_ones_reported(tmp_path: Path) -> None:
    words = ("run", "experiment.yaml", "--isolation", "process")
    written(tmp_path, SMALL)
    assert "12 sessions in 3 jobs" in eqc(*words, cwd=tmp_path).stderr
    assert "0 sessions in 0 jobs" in eqc(*words, cwd=tmp_path).stderr
    written(tmp_path, SMALL.replace("sessions: 2", "sessions: 3"))
    assert "6 sessions in 3 jobs" in eqc(*words, cwd=tmp_path).stderr
    written(tmp_path, SMALL.replace("levels: [sse4, avx]", "levels: [sse4]"))
    less = eqc(*words, cwd=tmp_path)
    assert less.returncode == 0
    assert "0 sessions in 0 jobs" in less.stderr
    assert "mask/sse4" in less.stdout
    assert "mask/avx" not in less.stdout
    assert "mask/avx" in eqc("report", "results", cwd=tmp_path).stdout, "stored all the same"
    assert len(read(tmp_path / "results").records) == 18
    fresh = eqc(*words, "--fresh", cwd=tmp_path)
    assert "8 sessions in 2 jobs" in fresh.stderr
