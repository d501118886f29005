"""Processes of this computer, presented as other CPUs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from orchestrator.cpuid.from_fingerprint import NoTable, described
from orchestrator.cpuid.table import CpuidTable
from orchestrator.executors.process import probe
from orchestrator.store.read import read

from .running import eqc, written

pytestmark = pytest.mark.slow

SPEC = """\
schema: 1
name: presented
workloads:
  - model: builtin:lenet5
    on: [numpy]
inputs:
  - images: [digits:0]
platforms:
  - provider: local
  - provider: cpuid
  - provider: cpuid
    without: [avx]
  - provider: cpuid
    with: {l1d: 48 KiB, stepping: 3}
  - provider: cpuid
    cpu: KnightsMill
observe: {sessions: 1, layers: true}
"""
CHANGED = "cpuid/this,l1d=48 KiB,stepping=3"


@pytest.fixture(scope="module")
def host() -> CpuidTable:
    try:
        return described(probe()).table
    except NoTable as error:
        pytest.skip(f"CPUID is of x86-64: {error}")


def test_this_cpu_is_itself_and_another_one_where_it_was_changed(
    tmp_path: Path, host: CpuidTable
) -> None:
    if not any(map(shutil.which, ("cc", "gcc", "clang"))):
        pytest.skip("no C compiler, so processes cannot be presented")
    spec = written(tmp_path, SPEC)
    done = eqc("run", spec, "--isolation", "process", cwd=tmp_path)
    assert "1 missing" in done.stdout, done.stdout + done.stderr
    found = read(tmp_path / "results")
    records = {record.platform.name: record for record in found.records}
    assert {name: record.status for name, record in records.items()} == {
        "local": "ok",
        "cpuid/this": "ok",
        "cpuid/this,-avx": "ok",
        CHANGED: "ok",
        "cpuid/KnightsMill": "skipped",
    }
    plain, same = records["local"], records["cpuid/this"]
    assert [o.digest for o in plain.outputs] == [o.digest for o in same.outputs]
    skipped = records["cpuid/KnightsMill"].reason
    assert skipped is not None
    assert skipped.code == "not-on-this-cpu"
    assert "avx512er" in skipped.message
    less = found.fingerprints[str(records["cpuid/this,-avx"].fingerprint)]
    assert frozenset(less.cpu.flags or ()) == host.without(["avx"]).flags
    changed = found.fingerprints[str(records[CHANGED].fingerprint)]
    assert changed.cpu.stepping == 3
    assert [c.bytes for c in changed.cpu.caches or () if (c.level, c.type) == (1, "data")] == [
        48 << 10
    ]
    assert changed.presented is not None
    assert changed.presented.host.vendor == host.vendor
    told = eqc("report", tmp_path / "results", "--show", "platforms", cwd=tmp_path).stdout
    assert "presented as itself,-avx" in told
    assert "the device is what computed" in told


def test_without_a_compiler_rows_are_skipped_with_the_remedy(tmp_path: Path) -> None:
    spec = written(tmp_path, SPEC.replace("  - provider: cpuid\n    cpu: KnightsMill\n", ""))
    empty = tmp_path / "empty"
    empty.mkdir()
    done = eqc(
        *("run", spec, "--isolation", "process"),
        cwd=tmp_path,
        PATH=str(empty),
        XDG_CACHE_HOME=str(tmp_path / "cache"),
    )
    assert done.returncode == 4, done.stdout + done.stderr
    records = read(tmp_path / "results").records
    reasons = {record.reason.code for record in records if record.reason is not None}
    assert reasons == {"cannot-present"}
    assert {record.status for record in records if record.platform.provider == "cpuid"} == {
        "skipped"
    }
    assert "C compiler" in done.stdout
