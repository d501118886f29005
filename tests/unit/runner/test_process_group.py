"""The runner's processes end with it, and the runner ends with its parent."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from jobs import Bench, environment
from test_sessions import processes_of


def wait_for_session(bench: Bench, processes: int, lines: int) -> None:
    """Wait until ``lines`` sessions have ended and ``processes`` processes exist."""
    end = time.monotonic() + 20
    path = bench.out / "observations.jsonl"
    while len(processes_of(bench)) < processes or (
        lines > 0 and (not path.exists() or path.read_bytes().count(b"\n") < lines)
    ):
        assert time.monotonic() < end, "the session never began"


def gone(bench: Bench, seconds: float = 5) -> bool:
    end = time.monotonic() + seconds
    while processes_of(bench):
        if time.monotonic() > end:
            return False
    return True


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_process_outlives_the_supervisor(bench: Bench, number: signal.Signals) -> None:
    cell = bench.cell("fine")
    bench.cell("sleep")
    bench.write()
    with bench.start() as process:
        wait_for_session(bench, processes=3, lines=1)
        process.send_signal(number)
        process.communicate(timeout=10)
    assert gone(bench)
    expected = -number if number == signal.SIGKILL else 128 + number
    assert process.returncode == expected
    # The finished session has a whole line; the other has none, so it will be computed.
    records = bench.observations()
    assert list(records) == [(cell, 0)]


@pytest.mark.parametrize("given", ["1", "pid"])
def test_the_runner_dies_with_its_parent_if_asked(bench: Bench, given: str) -> None:
    bench.cell("sleep")
    bench.write()
    program = (
        "import os, subprocess, sys\n"
        f"value = str(os.getpid()) if {given!r} == 'pid' else '1'\n"
        "env = {**os.environ, 'EQC_DIE_WITH_PARENT': value}\n"
        "subprocess.run([sys.executable, '-m', 'eqc_runner', 'run', *sys.argv[1:]], env=env)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(bench.job), str(bench.out)],
        env=environment(bench.log),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as parent:
        # The four are the parent, the supervisor, the worker and the session.
        wait_for_session(bench, processes=4, lines=0)
        parent.kill()
        parent.wait()
        assert gone(bench)


def test_a_runner_started_after_its_parent_ended_ends_at_once(bench: Bench) -> None:
    bench.cell("fine")
    bench.write()
    env = {**environment(bench.log), "EQC_DIE_WITH_PARENT": str(2**22 - 1)}
    done = subprocess.run(
        [sys.executable, "-m", "eqc_runner", "run", str(bench.job), str(bench.out)],
        env=env,
        check=False,
    )
    assert done.returncode != 0
    assert not (bench.out / "observations.jsonl").exists()


def test_kills_at_any_moment_lose_and_double_nothing(bench: Bench) -> None:
    cell = bench.cell("count-runs", sessions=list(range(8)), keep="final")
    bench.write()
    for attempt in range(12):
        with bench.start() as process:
            time.sleep(0.05 + 0.04 * attempt)
            process.kill()
            process.communicate()
        assert gone(bench)
    records = bench.run()
    assert sorted(records) == [(cell, number) for number in range(8)]
    digests = {record["outputs"][0]["digest"] for record in records.values()}
    assert len(digests) == 1
    assert {p.name for p in (bench.out / "tensors").iterdir() if p.name[0] != "."} == digests


def test_supervisor_imports_neither_numpy_nor_frameworks() -> None:
    program = (
        "import json, sys, eqc_runner.__main__, eqc_runner.supervisor\n"
        "print(json.dumps(sorted(m for m in sys.modules if m in ('numpy', 'blake3', 'torch'))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(Path(os.devnull)),
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout) == []
