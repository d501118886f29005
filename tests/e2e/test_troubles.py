"""Every failure gives a clear message or a row with a reason; the rest of the run goes on."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from orchestrator.results.record import Observation
from orchestrator.store.read import read
from tests.e2e.running import SMALL, eqc, facts, written

ISOLATIONS = ["process", pytest.param("docker", marks=pytest.mark.docker)]

INPUT = """\
inputs:
  - random: {shape: [1, 32, 32, 3], seed: 1, distribution: uniform}
"""


def records(folder: Path) -> tuple[Observation, ...]:
    return read(folder / "results").records


def by_platform(folder: Path) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for record in records(folder):
        found.setdefault(record.platform.name, set()).add(record.status)
    return found


@pytest.mark.emulated
@pytest.mark.frameworks
@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_an_illegal_instruction_is_unsupported_there_and_fine_elsewhere(
    tmp_path: Path, isolation: str
) -> None:
    spec = written(
        tmp_path,
        f"""\
schema: 1
name: sigill
workloads:
  - model: builtin:cifar10-small
    on: [tensorflow]
{INPUT}platforms:
  - provider: local
  - provider: emulated
    cpu: [Nehalem]
observe: {{sessions: 3}}
""",
    )
    done = eqc("run", spec, "--isolation", isolation, cwd=tmp_path)
    assert done.returncode == 4, done.stderr
    assert by_platform(tmp_path) == {"local": {"ok"}, "emulated/Nehalem": {"unsupported"}}
    bad = [r for r in records(tmp_path) if r.status != "ok"]
    assert {r.reason and r.reason.code for r in bad} == {"illegal-instruction"}
    assert len(bad) == 3
    assert "unsupported" in done.stdout
    # Unsupported sessions are not tried again.
    again = eqc("run", spec, "--isolation", isolation, cwd=tmp_path)
    assert "0 sessions in 0 jobs" in again.stderr


@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_out_of_memory_is_a_failed_row_and_the_rest_goes_on(tmp_path: Path, isolation: str) -> None:
    spec = written(
        tmp_path,
        """\
schema: 1
name: memory
workloads:
  - model: builtin:conv
    arguments: {kernel: 3, filters: 512, size: 1024, channels: 3}
    label: greedy
    on: [numpy]
  - model: builtin:cifar10-small
    on: [numpy]
inputs:
  - random: {shape: [1, 1024, 1024, 3], seed: 1, distribution: uniform}
    for: [greedy]
  - random: {shape: [1, 32, 32, 3], seed: 1, distribution: uniform}
    for: [cifar10-small]
platforms:
  - provider: local
observe: {sessions: 2}
limits: {memory: 1 GiB}
""",
    )
    done = eqc("run", spec, "--isolation", isolation, cwd=tmp_path)
    assert done.returncode == 4, done.stderr
    found = {(r.workload.label, r.status) for r in records(tmp_path)}
    assert found == {("greedy", "failed"), ("cifar10-small", "ok")}
    codes = {r.reason.code for r in records(tmp_path) if r.status == "failed" and r.reason}
    assert codes == {"out-of-memory"}


def test_a_missing_file_is_reported_with_its_line_before_anything_runs(tmp_path: Path) -> None:
    spec = written(tmp_path, SMALL.replace("builtin:cifar10-small", "onnx:nowhere.onnx"))
    done = eqc("run", spec, cwd=tmp_path)
    assert done.returncode == 2
    assert "experiment.yaml:4:" in done.stderr
    assert "nowhere.onnx" in done.stderr
    assert not (tmp_path / "results").exists()


def test_a_wrong_sha256_is_reported_with_both(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"not the model")
    text = SMALL.replace(
        "builtin:cifar10-small", f"onnx:model.onnx\n    sha256: {'0' * 64}"
    ).replace("[numpy]", "[onnxruntime]")
    done = eqc("run", written(tmp_path, text), cwd=tmp_path)
    assert done.returncode == 2
    assert hashlib.sha256(b"not the model").hexdigest() in done.stderr
    assert "0" * 64 in done.stderr


def test_ten_mistakes_are_reported_at_once_each_with_its_place(tmp_path: Path) -> None:
    spec = written(
        tmp_path,
        """\
schema: 1
name: mistakes
workloads:
  - modell: builtin:cifar10-small
    on: [numpy]
  - model: builtin:cifar10-smal
    on: [numpi]
inputs:
  - images: [digits:99999]
  - random: {shape: [1, -2]}
platforms:
  - provider: locall
  - provider: mask
    levels: [avx3]
vary:
  threads: [two]
  precision: [float33]
observe: {sessions: 0}
limits: {memory: 4 giraffes}
colour: blue
""",
    )
    done = eqc("validate", spec, cwd=tmp_path)
    assert done.returncode == 2
    lines = [line for line in done.stderr.splitlines() if "experiment.yaml:" in line]
    assert len(lines) >= 10, done.stderr
    numbers = {int(line.split("experiment.yaml:")[1].split(":")[0]) for line in lines}
    assert numbers >= {4, 7, 12, 14, 16, 17, 18, 19, 20}, done.stderr
    assert "model" in done.stderr.split("modell", 1)[1], "the nearest valid name"


@pytest.mark.skipif(os.getuid() != 0, reason="mounting a small disk needs root")
@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_a_full_disk_is_reported_and_the_run_resumes_afterwards(
    tmp_path: Path, isolation: str
) -> None:
    spec = written(tmp_path, SMALL.replace("layers: true", "layers: true, keep: all"))
    whole = eqc("run", spec, "--isolation", isolation, "--results", "whole", cwd=tmp_path)
    assert whole.returncode == 0, whole.stderr
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=700k", "tmpfs", str(disk)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr!r}")
    try:
        full = eqc("run", spec, "--isolation", isolation, "--results", disk, cwd=tmp_path)
        assert full.returncode in (4, 5, 8), full.stderr
        assert "no space" in (full.stderr + full.stdout).lower()
        subprocess.run(["mount", "-o", "remount,size=100m", str(disk)], check=True)
        done = eqc("run", spec, "--isolation", isolation, "--results", disk, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert facts(disk) == facts(tmp_path / "whole")
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_without_qemu_emulated_platforms_are_skipped_rows_with_the_command(tmp_path: Path) -> None:
    text = SMALL.replace(
        "provider: mask\n    levels: [sse4, avx]", "provider: emulated\n    cpu: [Haswell]"
    )
    spec = written(tmp_path, text)
    done = eqc("run", spec, "--isolation", "process", cwd=tmp_path, PATH="/nowhere")
    assert done.returncode == 4, done.stderr
    assert by_platform(tmp_path) == {"local": {"ok"}, "emulated/Haswell": {"skipped"}}
    assert "apt-get install qemu-user-static" in done.stdout


def test_a_cloud_platform_is_planned_and_refused_as_a_row(tmp_path: Path) -> None:
    text = SMALL.replace(
        "provider: mask\n    levels: [sse4, avx]",
        "provider: aws\n    machine_types: [c5.large]\n    regions: [eu-central-1]",
    )
    spec = written(tmp_path, text)
    planned = eqc("plan", spec, cwd=tmp_path)
    assert planned.returncode == 0, planned.stderr
    assert "aws/c5.large" in planned.stdout
    done = eqc("run", spec, "--isolation", "process", cwd=tmp_path)
    assert done.returncode == 4, done.stderr
    statuses = by_platform(tmp_path)
    assert statuses.pop("local") == {"ok"}
    assert list(statuses.values()) == [{"skipped"}]
    # With isolation process there is no image for a rented machine, so none is rented.
    assert "start a Docker engine" in done.stdout


def test_nothing_observed_is_not_success(tmp_path: Path) -> None:
    text = SMALL.replace(
        "  - provider: local\n  - provider: mask\n    levels: [sse4, avx]",
        "  - provider: gcp\n    machine_types: [n2-standard-2]\n    zones: [europe-west1-b]",
    )
    done = eqc("run", written(tmp_path, text), "--isolation", "process", cwd=tmp_path)
    assert done.returncode == 5, done.stderr
    assert "nothing was observed" in done.stderr
