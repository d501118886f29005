"""arm64 platforms: containers of that architecture, emulated by QEMU through binfmt_misc."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.catalog.approximate_units import approximation_units
from orchestrator.providers.qemu import BINFMT
from orchestrator.store.read import read
from tests.e2e.running import eqc, written

SPEC = """\
schema: 1
name: arm
workloads:
  - model: builtin:cifar10-small
    on: [numpy]
inputs:
  - images: [digits:0]
platforms:
  - provider: local
  - provider: emulated
    arch: arm64
    cpu: [a64fx, cortex-a72]
observe: {sessions: 2, layers: true}
"""


@pytest.mark.docker
@pytest.mark.arm64
@pytest.mark.slow
@pytest.mark.usefixtures("arm64_images")
def test_arm64_is_emulated_and_says_what_it_is(tmp_path: Path) -> None:
    spec = written(tmp_path, SPEC)
    done = eqc("run", spec, "--isolation", "docker", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    store = read(tmp_path / "results")
    seen = {}
    for record in store.records:
        fingerprint = store.fingerprints[str(record.fingerprint)]
        seen[record.platform.name] = (
            fingerprint.cpu.architecture,
            fingerprint.cpu.microarchitecture,
            fingerprint.emulated,
        )
    assert seen["emulated/arm64/a64fx"] == ("aarch64", "A64FX", "a64fx")
    assert seen["emulated/arm64/cortex-a72"] == ("aarch64", "Cortex-A72", "cortex-a72")
    assert seen["local"][0] == "x86_64"
    units = {
        approximation_units(store.fingerprints[str(record.fingerprint)].approximation or {})[
            "Arm estimates"
        ]
        for record in store.records
        if record.platform.provider == "emulated"
    }
    assert units == {"Arm, as its manual defines"}


@pytest.mark.docker
def test_without_binfmt_arm64_is_a_skipped_row(tmp_path: Path) -> None:
    if BINFMT.exists():
        pytest.skip("arm64 programs start here")
    done = eqc("run", written(tmp_path, SPEC), "--isolation", "docker", cwd=tmp_path)
    assert done.returncode == 4, done.stderr
    statuses = {(r.platform.provider, r.status) for r in read(tmp_path / "results").records}
    assert statuses == {("local", "ok"), ("emulated", "skipped")}
