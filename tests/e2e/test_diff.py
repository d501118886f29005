"""``eqc diff`` as in a nightly job: accept a baseline, compare, see a change, accept it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np

from orchestrator import api
from orchestrator.results.tensor_file import chain, digest, tensor_file
from orchestrator.store.tensors import StoredTensors
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


ONE = """\
schema: 1
name: one
workloads:
  - model: builtin:cifar10-small
    on: [numpy]
inputs:
  - random: {shape: [1, 32, 32, 3], seed: 1, distribution: uniform}
platforms: [{provider: local}]
vary:
  threads: [1]
observe: {sessions: 1}
"""


def computed(folder: Path, name: str, text: str) -> str:
    spec = written(folder, text, f"{name}.yaml")
    done = eqc("run", spec, "--isolation", "process", "--results", name, cwd=folder)
    assert done.returncode == 0, done.stderr
    return name


def nudged(folder: Path, store: str, name: str, ulps: int) -> str:
    """A copy of ``store`` whose output is ``ulps`` further in one element."""
    shutil.copytree(folder / store, folder / name)
    (lines,) = (folder / name).rglob("*.jsonl")
    record = json.loads(lines.read_text())
    (output,) = record["outputs"]
    dtype, shape, array = StoredTensors([lines.parents[1]])(output["digest"])  # type: ignore[misc]
    data = array.copy()
    for _ in range(ulps):
        data[0, 0] = np.nextafter(data[0, 0], np.float32(2))
    (lines.parents[1] / "tensors" / output["digest"]).unlink()
    content = tensor_file(dtype, shape, data.tobytes())
    output |= {"digest": digest(content), "chain": chain(dtype, shape, data.tobytes())}
    (lines.parents[1] / "tensors" / output["digest"]).write_bytes(content)
    lines.write_text(json.dumps(record) + "\n")
    return name


def test_how_far_and_tolerances(tmp_path: Path) -> None:
    here = computed(tmp_path, "here", ONE)
    moved = nudged(tmp_path, here, "moved", 3)
    said = eqc("diff", here, moved, cwd=tmp_path)
    assert said.returncode == 3
    assert "3 ulp and " in said.stdout
    assert "no label flips" in said.stdout
    assert "of 23 bits remain" in said.stdout
    assert re.search(r"^Software: numpy \S+ on both sides$", said.stdout, re.MULTILINE)

    within = eqc("diff", here, moved, "--tolerance", "3ulp", cwd=tmp_path)
    assert within.returncode == 0, within.stdout
    assert "moved to other bits together" in within.stdout
    assert "within the tolerance" in within.stdout
    beyond = eqc("diff", here, moved, "--tolerance", "2ulp", cwd=tmp_path)
    assert beyond.returncode == 3
    assert "beyond the tolerance (2ulp: 3 ulp)" in beyond.stdout
    for text, code in (
        ("rtol=1e-4", 0),
        ("atol=0", 3),
        ("output:3ulp", 0),
        ("4ulps", 0),
        ("other:3ulp", 2),
        ("3 apples", 2),
    ):
        done = eqc("diff", here, moved, "--tolerance", text, cwd=tmp_path)
        assert done.returncode == code, (text, done.stdout, done.stderr)
        if code == 2:
            assert "Traceback" not in done.stderr

    # A baseline has chains but no tensors: bits are known, ULPs cannot be judged.
    eqc("diff", "b.json", here, "--accept", cwd=tmp_path)
    said = eqc("diff", "b.json", moved, cwd=tmp_path)
    assert "of 23 bits remain" in said.stdout
    assert "(baseline) is stored" in said.stdout
    assert eqc("diff", "b.json", moved, "--tolerance", "4ulp", cwd=tmp_path).returncode == 3
    assert eqc("diff", "b.json", moved, "--tolerance", "10bits", cwd=tmp_path).returncode == 0

    document = json.loads(eqc("diff", here, moved, "--format", "json", cwd=tmp_path).stdout)
    distance = document["partitions"][0]["moved"][0]["distance"]
    assert (distance["largest_ulps"], document["fails"]) == (3, True)
    words = ("--format", "junit", "--tolerance", "3ulp")
    suite = ET.fromstring(eqc("diff", here, moved, *words, cwd=tmp_path).stdout.encode())
    assert not suite.findall(".//failure")
    assert "3 ulp" in "".join(suite.itertext())

    found = api.difference(tmp_path / here, tmp_path / moved, tolerances=["3ulp"])
    assert (found.differs, found.fails) == (True, False)
    # Both in one store: the report says how far its two classes are apart.
    lines = next((tmp_path / moved).rglob("*.jsonl"))
    twin = json.loads(lines.read_text())
    twin["platform"] |= {"id": "twin", "name": "twin"}
    twin["cell"], twin["machine"]["id"] = "fedcba9876543210", "twin"
    run = next((tmp_path / here).rglob("run.json")).parent
    (run / "observations" / "twin.jsonl").write_text(json.dumps(twin) + "\n")
    shutil.copytree(lines.parents[1] / "tensors", run / "tensors", dirs_exist_ok=True)
    reported = eqc("report", here, cwd=tmp_path)
    assert re.search(r"2 classes, \d+ of 23 bits remain, at most 3 ulp and ", reported.stdout)


def test_runs_whose_settings_differ_are_compared(tmp_path: Path) -> None:
    one = computed(tmp_path, "one", ONE)
    two = computed(tmp_path, "two", ONE.replace("threads: [1]", "threads: [2]"))
    apart = eqc("diff", one, two, cwd=tmp_path)
    assert apart.returncode == 4
    assert "only in the baseline" in apart.stdout
    same = eqc("diff", one, two, "--ignore", "threads", cwd=tmp_path)
    assert same.returncode == 0, same.stdout + same.stderr
    assert "1 partition: 1 same" in same.stdout
    # A baseline holds the settings, too.
    eqc("diff", "one.json", one, "--accept", cwd=tmp_path)
    assert eqc("diff", "one.json", two, "--ignore", "threads", cwd=tmp_path).returncode == 0
    both = computed(tmp_path, "both", ONE.replace("threads: [1]", "threads: [1, 2]"))
    collide = eqc("diff", one, both, "--ignore", "threads", cwd=tmp_path)
    assert collide.returncode == 2
    assert "2 rows of CURRENT" in collide.stderr

    double = ONE.replace("threads: [1]", "threads: [1]\n  precision: [float64]")
    precise = computed(tmp_path, "double", double)
    found = eqc("diff", one, precise, "--ignore", "precision", cwd=tmp_path)
    assert found.returncode == 3, found.stdout + found.stderr
    assert "no label flips" in found.stdout
    words = ("--ignore", "precision", "--tolerance", "atol=1e-3")
    assert eqc("diff", one, precise, *words, cwd=tmp_path).returncode == 0
    assert eqc("diff", one, precise, "--ignore", "colour", cwd=tmp_path).returncode == 2
