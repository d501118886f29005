"""``eqc diff`` as in a nightly job: accept a baseline, compare, see a change, accept it."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

from tests.e2e.running import SMALL, eqc, written


def test_accept_compare_change_accept(tmp_path: Path) -> None:
    spec = written(tmp_path, SMALL)
    assert eqc("run", spec, "--isolation", "process", cwd=tmp_path).returncode == 0
    accepted = eqc("diff", "baseline.json", "results", "--accept", cwd=tmp_path)
    assert accepted.returncode == 0, accepted.stderr
    same = eqc("diff", "baseline.json", "results", cwd=tmp_path)
    assert same.returncode == 0, same.stdout
    # Other weights under the same label: every output has other bits.
    changed = SMALL.replace("    on: [numpy]", "    weights: seed:7\n    on: [numpy]")
    other = written(tmp_path, changed, "changed.yaml")
    assert (
        eqc("run", other, "--isolation", "process", "--results", "changed", cwd=tmp_path).returncode
        == 0
    )
    differs = eqc("diff", "baseline.json", "changed", cwd=tmp_path)
    assert differs.returncode == 3, differs.stdout
    assert "moved" in differs.stdout
    as_json = eqc("diff", "results", "changed", "--format", "json", cwd=tmp_path)
    assert json.loads(as_json.stdout)["differs"] is True
    eqc("diff", "results", "changed", "--format", "junit", "-o", "junit.xml", cwd=tmp_path)
    suite = ET.parse(tmp_path / "junit.xml").getroot()
    assert suite.findall(".//failure")
    assert eqc("diff", "baseline.json", "changed", "--accept", cwd=tmp_path).returncode == 0
    assert eqc("diff", "baseline.json", "changed", cwd=tmp_path).returncode == 0


def test_a_platform_without_results_is_missing_and_not_equal(tmp_path: Path) -> None:
    spec = written(tmp_path, SMALL)
    eqc("run", spec, "--isolation", "process", cwd=tmp_path)
    fewer = SMALL.replace("levels: [sse4, avx]", "levels: [sse4]")
    spec = written(tmp_path, fewer, "fewer.yaml")
    eqc("run", spec, "--isolation", "process", "--results", "fewer", cwd=tmp_path)
    done = eqc("diff", "results", "fewer", cwd=tmp_path)
    assert done.returncode == 4, done.stdout
    assert "mask/avx" in done.stdout


def test_a_file_that_is_not_a_baseline_is_reported(tmp_path: Path) -> None:
    (tmp_path / "baseline.json").write_text('{"schema": 3}')
    done = eqc("diff", "baseline.json", "baseline.json", cwd=tmp_path)
    assert done.returncode == 2
    assert "baseline.json" in done.stderr
