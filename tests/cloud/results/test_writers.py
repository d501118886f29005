"""Two processes, each with a mirror of its own, that write to one run at the same time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cloud.results.conftest import Computer
from tests.cloud.results.stores import rows, started
from tests.e2e.running import environment

pytestmark = pytest.mark.objects


def writer(url: str, home: Path, first: int, count: int) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "tests.cloud.results.writer", url, str(first), str(count)]
    variables = {**environment(), "XDG_DATA_HOME": str(home)}
    pipe = subprocess.PIPE
    return subprocess.Popen(words, env=variables, stdin=pipe, stdout=pipe, text=True)


def test_two_writers_at_once_lose_nothing_of_each_other(computer: Computer, tmp_path: Path) -> None:
    here = computer("here")
    started(here)
    here.push()
    writers = [
        writer(here.url, tmp_path / name, first, 20) for name, first in (("a", 0), ("b", 50))
    ]
    for each in writers:
        each.communicate("\n", timeout=120)
    assert [each.returncode for each in writers] == [0, 0]
    here.pull()
    assert rows(here) == {*range(20), *range(50, 70)}


def test_a_killed_writer_has_lost_nothing(s3_computer: Computer, tmp_path: Path) -> None:
    here = s3_computer("here")
    started(here)
    here.push()
    with writer(here.url, tmp_path / "a", 0, 8) as killed:
        assert killed.stdout is not None
        assert killed.stdin is not None
        killed.stdin.write("wait\n")
        killed.stdin.flush()
        assert killed.stdout.readline() == "half\n"
        killed.kill()
        killed.stdin.close()
    again = writer(here.url, tmp_path / "a", 8, 2)
    again.communicate("\n", timeout=120)
    assert again.returncode == 0
    here.pull()
    assert rows(here) == set(range(10))
