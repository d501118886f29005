from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.run.lock import LiveRun, live_runs

HOLD = """
import sys
from orchestrator.run.lock import LiveRun
run = LiveRun("theirs")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_a_run_is_live_until_it_is_closed() -> None:
    assert live_runs() == frozenset()
    run = LiveRun("mine")
    assert live_runs() == {"mine"}
    run.close()
    run.close()
    assert live_runs() == frozenset()


def test_a_run_is_live_as_long_as_its_process() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert live_runs() == {"theirs"}
        process.kill()
    assert live_runs() == frozenset()
