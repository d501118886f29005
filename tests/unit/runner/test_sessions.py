"""Sessions as real processes: what they record, and what a crash of one does to the others."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from blake3 import blake3
from jobs import Bench

from eqc_runner.digest import digest
from eqc_runner.tensor import Tensor

EXPECTED = digest(Tensor.of(np.array([[3.0, -0.0, 6.5]], dtype=np.float32)))


def test_session_records_outputs_layers_and_facts(bench: Bench) -> None:
    cell = bench.cell("fine", layers=True, keep="all", environment={"OMP_NUM_THREADS": "3"})
    record = bench.run()[cell, 0]
    assert record["status"] == "ok"
    assert record["reason"] is None
    assert record["perturbed"] is False
    assert record["framework"]["isa"] == {"steering": "3"}
    assert record["model"]["parameters"] == 7
    final, first, second, third = record["outputs"]
    assert (final["name"], final["role"], final["digest"]) == ("output", "final", EXPECTED)
    assert (len(final["chain"]), final["shape"]) == (24, [1, 3])
    assert (first["name"], first["role"], first["index"]) == ("first", "layer", 0)
    assert (second["dtype"], len(second["chain"])) == ("bfloat16", 8)
    assert (third["chain"], third["shape"], third["index"]) == (None, [], 2)
    files = {path.name: path for path in (bench.out / "tensors").iterdir()}
    assert set(files) == {output["digest"] for output in record["outputs"]}
    for name, path in files.items():
        assert blake3(path.read_bytes()).hexdigest() == name
    events = [json.loads(line) for line in bench.stdout.splitlines()]
    assert [(e["event"], e["cell"], e["status"]) for e in events] == [("session", cell, "ok")]


def test_keep_says_which_tensors_are_written(bench: Bench) -> None:
    none = bench.cell("fine", layers=True)
    final = bench.cell("fine", layers=True, keep="final")
    records = bench.run()
    assert not any(output["tensor"] for output in records[none, 0]["outputs"])
    kept = [output["tensor"] for output in records[final, 0]["outputs"]]
    assert kept == [True, False, False, False]
    assert [path.name for path in (bench.out / "tensors").iterdir()] == [EXPECTED]


def test_instrumentation_that_changes_the_result_is_recorded(bench: Bench) -> None:
    cell = bench.cell("perturbed", layers=True)
    record = bench.run()[cell, 0]
    assert record["perturbed"] is True
    assert record["outputs"][0]["digest"] == EXPECTED


def test_several_final_outputs_are_named(bench: Bench) -> None:
    cell = bench.cell("two-outputs")
    outputs = bench.run()[cell, 0]["outputs"]
    assert [(o["name"], o["index"]) for o in outputs] == [("output:a", 0), ("output:b", 1)]


def test_forked_and_cold_sessions_are_fresh_and_equal(bench: Bench) -> None:
    fork = bench.cell("count-runs", sessions=[0, 1, 2])
    cold = bench.cell("count-runs", sessions=[0, 1, 2], mode="cold")
    records = bench.run()
    digests = {r["outputs"][0]["digest"] for r in records.values()}
    assert len(records) == 6
    assert len(digests) == 1
    assert bench.imports() == 1 + 3
    assert {records[fork, 1]["mode"], records[cold, 1]["mode"]} == {"fork", "cold"}


@pytest.mark.parametrize("mode", ["fork", "cold"])
@pytest.mark.parametrize(
    ("how", "status", "code", "text"),
    [
        ("segfault", "failed", "signal", "SIGSEGV"),
        ("sigill", "unsupported", "illegal-instruction", "SIGILL"),
        ("executes-ud2", "unsupported", "illegal-instruction", "SIGILL"),
        ("exit-132", "unsupported", "illegal-instruction", "SIGILL"),
        ("raise", "failed", "exception", "RuntimeError: this model does not like you"),
        ("unsupported", "unsupported", "unsupported-operator", "Frobnicate"),
        ("bad-alloc", "failed", "out-of-memory", "bad_alloc"),
        ("exit", "failed", "exception", "exit code 3"),
        ("system-exit", "failed", "exception", "without a result"),
    ],
)
def test_a_session_that_dies_is_an_observation_and_others_go_on(
    bench: Bench, mode: str, how: str, status: str, code: str, text: str
) -> None:
    before = bench.cell("fine", mode=mode)
    bad = bench.cell(how, mode=mode)
    after = bench.cell("fine", mode=mode)
    records = bench.run()
    assert [records[c, 0]["status"] for c in (before, after)] == ["ok", "ok"]
    record = records[bad, 0]
    assert (record["status"], record["reason"]["code"]) == (status, code)
    assert text in record["reason"]["message"]
    assert f"about to: {how}" in record["reason"]["stderr"]
    assert "about to: fine" not in record["reason"]["stderr"]
    assert len(record["reason"]["stderr"].splitlines()) <= 20
    assert record["outputs"] == []


def test_memory_limit(bench: Bench) -> None:
    bad = bench.cell("allocate")
    fine = bench.cell("fine")
    limits = {"memory_bytes": 2 << 30, "session_seconds": 60}
    records = bench.run(limits=limits)
    assert records[bad, 0]["reason"]["code"] == "out-of-memory"
    assert records[fine, 0]["status"] == "ok"


@pytest.mark.parametrize("mode", ["fork", "cold"])
@pytest.mark.parametrize("how", ["sleep", "sleep-with-child"])
def test_timeout_ends_the_session_and_what_it_started(bench: Bench, how: str, mode: str) -> None:
    bad = bench.cell(how, mode=mode)
    fine = bench.cell("fine", mode=mode)
    records = bench.run(limits={"memory_bytes": None, "session_seconds": 1})
    assert records[bad, 0]["reason"]["code"] == "timeout"
    assert 1 <= records[bad, 0]["seconds"] < 3
    assert records[fine, 0]["status"] == "ok"
    assert processes_of(bench) == []


def test_stdout_of_the_framework_is_not_taken_for_reports(bench: Bench) -> None:
    cell = bench.cell("chatter")
    assert bench.run()[cell, 0]["status"] == "ok"
    assert len(bench.stdout.splitlines()) == 1


def test_worker_killed_in_a_session_costs_that_session_only(bench: Bench) -> None:
    bad = bench.cell("kill-worker")
    fine = bench.cell("fine", sessions=[0, 1])
    records = bench.run()
    assert records[bad, 0]["reason"]["code"] == "signal"
    assert [records[fine, n]["status"] for n in (0, 1)] == ["ok", "ok"]
    assert bench.imports() == 2


@pytest.mark.parametrize("mode", ["fork", "cold"])
@pytest.mark.parametrize(
    ("how", "status", "code", "text"),
    [
        ("sigill", "unsupported", "illegal-instruction", "while importing"),
        ("segfault", "failed", "signal", "SIGSEGV"),
        ("raise", "failed", "exception", "does not like you"),
        ("missing", "unsupported", "not-installed", "a_framework_that_nobody_has"),
        ("exit", "failed", "exception", "exit code 3"),
    ],
)
def test_death_at_import_is_tried_once(
    bench: Bench, mode: str, how: str, status: str, code: str, text: str
) -> None:
    bad = bench.cell("fine", mode=mode, sessions=[0, 1, 2], environment={"MISBEHAVE_AT_START": how})
    fine = bench.cell("fine", mode=mode)
    records = bench.run()
    for session in range(3):
        record = records[bad, session]
        assert (record["status"], record["reason"]["code"]) == (status, code)
        assert text in record["reason"]["message"]
    assert records[fine, 0]["status"] == "ok"
    assert bench.imports() == 2


def test_unknown_frameworks_and_launchers(bench: Bench) -> None:
    unknown = bench.cell("fine", framework="abacus")
    absent = bench.cell("fine", framework="absent")
    fine = bench.cell("fine")
    records = bench.run()
    reason = records[unknown, 0]["reason"]
    assert reason["code"] == "not-installed"
    assert "tensorflow" in reason["message"]
    assert "pip install" in records[absent, 0]["reason"]["message"]
    assert records[fine, 0]["status"] == "ok"
    shutil.rmtree(bench.out)
    records = bench.run(launcher=["no-such-emulator"], probe=True)
    assert "no-such-emulator" in records[fine, 0]["reason"]["message"]
    fingerprint = json.loads((bench.out / "fingerprint.json").read_text())
    assert fingerprint["cpu"]["vendor"] is None
    assert "no-such-emulator" in fingerprint["missing"]["cpu"]


def test_missing_and_changed_files(bench: Bench) -> None:
    missing = bench.cell("fine", input={"tensors": {"input": "inputs/gone.npy"}})
    model = {"name": "fine", "path": "models/m", "sha256": "0" * 64}
    (bench.job / "models").mkdir()
    (bench.job / "models" / "m").write_bytes(b"model")
    changed = bench.cell("fine", workload=model)
    (bench.job / "inputs" / f"{'1' * 64}.npy").write_bytes(b"")
    renamed = bench.cell("fine", input={"tensors": {"input": f"inputs/{'1' * 64}.npy"}})
    (bench.job / "inputs" / "pickle.npy").write_bytes(b"\x80\x04N.")
    pickled = bench.cell("fine", input={"tensors": {"input": "inputs/pickle.npy"}})
    fine = bench.cell("fine")
    records = bench.run()
    codes = [records[c, 0]["reason"]["code"] for c in (missing, changed, renamed, pickled)]
    assert codes == ["input-missing", "wrong-sha256", "wrong-sha256", "input-missing"]
    assert "inputs/gone.npy" in records[missing, 0]["reason"]["message"]
    assert records[fine, 0]["status"] == "ok"


def test_deadline_ends_everything(bench: Bench) -> None:
    bench.cell("fine")
    bench.cell("sleep", sessions=[0, 1])
    bench.cell("fine", mode="cold")
    start = time.monotonic()
    records = bench.run(deadline=time.time() + 2)
    assert time.monotonic() - start < 6
    assert [r["status"] for r in records.values()] == ["ok", "failed", "failed", "failed"]
    codes = [r["reason"]["code"] for r in records.values() if r["reason"]]
    assert codes == ["deadline"] * 3
    assert processes_of(bench) == []


def test_sessions_that_have_a_line_are_not_redone(bench: Bench) -> None:
    cell = bench.cell("count-runs", sessions=[0, 1, 2])
    bench.run()
    path = bench.out / "observations.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    # As after a kill: one whole line and one torn line.
    path.write_bytes(lines[0] + lines[1][:50])
    records = bench.run()
    assert sorted(records) == [(cell, 0), (cell, 1), (cell, 2)]
    assert path.read_bytes().startswith(lines[0])
    assert len(bench.stdout.splitlines()) == 2


@pytest.mark.parametrize("content", ["{", "[]", '{"schema": 2}', '{"schema": 1, "cells": [{}]}'])
def test_bad_jobs_are_refused_clearly(bench: Bench, content: str) -> None:
    bench.job.mkdir()
    (bench.job / "job.json").write_text(content)
    with bench.start() as process:
        _, stderr = process.communicate(timeout=30)
    assert process.returncode == 2
    assert b"job.json" in stderr
    assert b"Traceback" not in stderr


@pytest.mark.emulated
def test_under_emulation(bench: Bench, qemu: str) -> None:
    cells = [bench.cell(how) for how in ("fine", "executes-ud2", "segfault", "raise", "fine")]
    slow = bench.cell("sleep")
    cold = bench.cell("executes-ud2", mode="cold")
    records = bench.run(
        launcher=[qemu, "-cpu", "Nehalem,check=off"],
        emulated="Nehalem",
        limits={"memory_bytes": 4 << 30, "session_seconds": 8},
        probe=True,
    )
    codes = [(records[c, 0]["reason"] or {"code": "ok"})["code"] for c in (*cells, slow, cold)]
    assert codes == [
        "ok",
        "illegal-instruction",
        "signal",
        "exception",
        "ok",
        "timeout",
        "illegal-instruction",
    ]
    assert records[cells[0], 0]["outputs"][0]["digest"] == EXPECTED
    fingerprint = json.loads((bench.out / "fingerprint.json").read_text())
    assert fingerprint["emulated"] == "Nehalem"
    assert processes_of(bench) == []


@pytest.mark.emulated
def test_memory_limit_under_emulation(bench: Bench, qemu: str) -> None:
    bad = bench.cell("allocate")
    fine = bench.cell("fine")
    records = bench.run(
        launcher=[qemu, "-cpu", "max"], limits={"memory_bytes": 2 << 30, "session_seconds": 60}
    )
    assert records[bad, 0]["reason"]["code"] == "out-of-memory"
    assert records[fine, 0]["status"] == "ok"


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_full_disk(bench: Bench) -> None:
    bench.out.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(bench.out)],
        capture_output=True,
        check=False,
    )
    if mount.returncode != 0:
        pytest.skip(f"cannot mount: {mount.stderr.decode()}")
    try:
        first = bench.cell("fine", keep="final")
        (bench.out / "ballast").write_bytes(bytes(52 << 10))
        second = bench.cell("fine", keep="final", sessions=[0])
        big = np.zeros(1 << 14, dtype=np.float32)
        np.save(bench.job / "inputs" / "big.npy", big)
        third = bench.cell("fine", keep="final", input={"tensors": {"input": "inputs/big.npy"}})
        records = bench.run()
        assert [records[c, 0]["status"] for c in (first, second)] == ["ok", "ok"]
        assert records[third, 0]["reason"]["code"] == "no-space"
        assert [path.name for path in (bench.out / "tensors").iterdir()] == [EXPECTED]
        # Now the disk has no space for another line.
        bench.cell("fine", sessions=list(range(100)))
        bench.run(code=74)
        assert b"No space left" in bench.stderr
        assert b"Traceback" not in bench.stderr
        assert (bench.out / "observations.jsonl").read_bytes().endswith(b"\n")
    finally:
        subprocess.run(["umount", str(bench.out)], check=True)


def processes_of(bench: Bench) -> list[str]:
    """Running processes whose environment names this bench's folder."""
    time.sleep(0.1)
    mark = str(bench.log).encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found
