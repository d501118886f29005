"""After a kill at any moment a second run completes the first; nothing is lost or left behind."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from orchestrator.store.read import read
from tests.e2e.running import SMALL, command, environment, eqc, facts, written

KILLS = 20


@pytest.mark.parametrize("isolation", ["process", pytest.param("docker", marks=pytest.mark.docker)])
def test_kills_at_random_moments_change_nothing(tmp_path: Path, isolation: str) -> None:
    spec = written(tmp_path, SMALL)
    arguments = ("run", spec, "--isolation", isolation)
    undisturbed = eqc(*arguments, "--results", "undisturbed", cwd=tmp_path)
    assert undisturbed.returncode == 0, undisturbed.stderr
    # Once more, with the images built, to measure how long a run takes.
    began = time.monotonic()
    eqc(*arguments, "--results", "timed", cwd=tmp_path)
    took = time.monotonic() - began
    seed = random.randrange(1 << 32)
    moments = random.Random(seed)
    killed, ended = 0, 0
    while killed < KILLS:
        assert ended < KILLS, f"seed {seed}: runs end before their kill"
        # Start a new run if the last one ended; else mostly resume it, sometimes abandon it.
        fresh = ["--fresh"] if moments.random() < 0.2 or ended else []
        process = subprocess.Popen(
            command(*arguments, "--results", "killed", *fresh),
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            process.wait(moments.uniform(0.2, took))
            ended += 1
        except subprocess.TimeoutExpired:
            process.kill()
            killed, ended = killed + 1, 0
        process.wait()
    final = eqc(*arguments, "--results", "killed", cwd=tmp_path)
    assert final.returncode == 0, f"seed {seed}: {final.stderr}"
    runs = sorted((tmp_path / "killed" / "small").iterdir())
    assert facts(runs[-1]) == facts(tmp_path / "undisturbed"), f"seed {seed}"
    assert not (runs[-1] / "work").exists()
    tensors = {path.name for path in (runs[-1] / "tensors").iterdir()}
    (whole,) = (tmp_path / "undisturbed" / "small").iterdir()
    assert tensors == {path.name for path in (whole / "tensors").iterdir()}
    assert runner_processes(tmp_path) == []
    if isolation == "docker":
        from orchestrator.executors.container import leftovers
        from orchestrator.images import connect

        mine = [c for c in leftovers(connect()) if str(tmp_path) in str(c.labels)]
        assert mine == []


@pytest.mark.parametrize("isolation", ["process", pytest.param("docker", marks=pytest.mark.docker)])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_ends_everything_and_says_so(
    tmp_path: Path, isolation: str, number: signal.Signals
) -> None:
    spec = written(tmp_path, SMALL.replace("sessions: 2", "sessions: 400"))
    process = subprocess.Popen(
        command("run", spec, "--isolation", isolation, "--events", "events.jsonl"),
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    events = tmp_path / "events.jsonl"
    # The image may have to be built first.
    deadline = time.monotonic() + 600
    while not (events.exists() and '"session"' in events.read_text()):
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.send_signal(number)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    assert "run again to go on" in errors
    assert "machines left: 0" in errors
    assert runner_processes(tmp_path) == []
    statuses = {record.status for record in read(tmp_path / "results").records}
    assert statuses == {"ok"}, "what was cut short is open, not failed"


def runner_processes(folder: Path) -> list[str]:
    """Command lines of runners that work in ``folder``; waits up to 5 s for them to end."""
    for _ in range(50):
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if "eqc_runner" in line and str(folder) in line:
                found.append(line)
        if not found:
            return []
        time.sleep(0.1)
    return found
