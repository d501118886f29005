"""A framework from outside: one folder, named by EQC_FRAMEWORKS, and nothing else is touched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.store.read import read
from tests.e2e.running import eqc, written
from tests.fakes.toy_framework import toy_framework

EXPERIMENT = """\
schema: 1
name: outside
workloads:
  - model: builtin:lenet5
    on: [toy]
inputs:
  - random: {shape: [1, 32, 32, 1], seed: 1}
platforms:
  - provider: local
  - provider: mask
    levels: [sse4]
observe: {sessions: 2, layers: true}
"""


@pytest.fixture(scope="module")
def frameworks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy_framework(tmp_path_factory.mktemp("frameworks"))


def digests(frameworks: Path, folder: Path, isolation: str) -> dict[tuple[str, str], str]:
    """(platform, output) -> digest, of a run whose every session ended well."""
    spec = written(folder, EXPERIMENT)
    words = ("run", spec, "--isolation", isolation, "--results", isolation)
    done = eqc(*words, cwd=folder, EQC_FRAMEWORKS=str(frameworks))
    assert done.returncode == 0, done.stderr
    records = read(folder / isolation).records
    assert {record.machine.isolation for record in records} == {isolation}
    assert {record.framework.name for record in records if record.framework} == {"toy"}
    return {
        (record.platform.name, output.name): output.digest
        for record in records
        for output in record.outputs
    }


def test_processes_compute_it_and_the_report_has_its_class(
    frameworks: Path, tmp_path: Path
) -> None:
    found = digests(frameworks, tmp_path, "process")
    assert found.keys() == {(p, o) for p in ("local", "mask/sse4") for o in ("output", "sums")}
    # The store needs the framework no more.
    done = eqc("report", "process", "--format", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (partition,) = [p for p in json.loads(done.stdout)["partitions"] if p["output"] == "output"]
    assert partition["variant"] == "toy float32"
    (only,) = partition["classes"]
    assert only["platforms"] == ["local", "mask/sse4"]


@pytest.mark.docker
def test_a_container_gives_the_same_bits(frameworks: Path, tmp_path: Path) -> None:
    found = {way: digests(frameworks, tmp_path, way) for way in ("process", "docker")}
    assert found["docker"] == found["process"]
    (image,) = {r.machine.image.name for r in read(tmp_path / "docker").records}
    assert image.startswith("eqc-toy:")


def test_without_the_folder_nobody_knows_it(tmp_path: Path) -> None:
    done = eqc("validate", written(tmp_path, EXPERIMENT), cwd=tmp_path)
    assert done.returncode == 2
    assert ":5:10: workloads[0].on[0]: unknown framework 'toy'; valid: jax," in done.stderr


def test_a_folder_that_is_wrong_ends_every_command_that_needs_it(
    frameworks: Path, tmp_path: Path
) -> None:
    written(tmp_path, EXPERIMENT)
    (tmp_path / "mine").mkdir()
    for words in (("validate", "experiment.yaml"), ("images", "toy"), ("schema",)):
        done = eqc(*words, cwd=tmp_path, EQC_FRAMEWORKS=f"{frameworks}:{tmp_path / 'mine'}")
        assert done.returncode == 2, done.stderr
        assert done.stderr.startswith(f"eqc: {tmp_path / 'mine'}: EQC_FRAMEWORKS names folders")
