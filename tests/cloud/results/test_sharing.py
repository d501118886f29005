"""Pushing while a run is in progress, and a bucket that fails during the run."""

from __future__ import annotations

import time

import pytest

from orchestrator.errors import EnvironmentNotReady
from orchestrator.store.bucket import push as sharing_module
from orchestrator.store.bucket.objects import Objects
from orchestrator.store.bucket.push import Sharing
from orchestrator.store.run_folder import RunFolder
from tests.cloud.results.conftest import Computer
from tests.cloud.results.stores import RUN, append, rows, started
from tests.fakes.objects import Server

pytestmark = pytest.mark.objects


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing_module, "PAUSE", 0.05)


def segments(url: str) -> list[str]:
    return [name for name in Objects(url).names() if "/observations/" in name]


def test_what_is_observed_is_pushed_before_the_run_ends(s3_computer: Computer) -> None:
    a = s3_computer("a")
    with Sharing(a, print) as sharing, RunFolder(started(a), sharing.stored) as run:
        append(run, 0)
        end = time.monotonic() + 30
        while not segments(a.url) and time.monotonic() < end:
            time.sleep(0.05)
        assert len(segments(a.url)) == 1
        append(run, 1)
    assert sharing.problem is None
    b = s3_computer("b")
    b.pull()
    assert rows(b) == {0, 1}


def test_at_its_end_a_run_has_what_others_added(s3_computer: Computer) -> None:
    a = s3_computer("a")
    started(a)
    a.push()
    with Sharing(a, print) as sharing:
        b = s3_computer("b")
        b.pull()
        with RunFolder(b.folder / RUN) as run:
            append(run, 5)
        b.push()
        with RunFolder(a.folder / RUN, sharing.stored) as run:
            append(run, 0)
    assert rows(a) == {0, 5}


def test_a_bucket_that_fails_does_not_stop_the_run_and_is_reported_once(
    only_s3: Server, s3_url: str, s3_computer: Computer
) -> None:
    a = s3_computer("a")
    said: list[str] = []
    with Sharing(a, said.append) as sharing, RunFolder(started(a), sharing.stored) as run:
        only_s3.remove_bucket(s3_url)
        for session in range(3):
            append(run, session)
            end = time.monotonic() + 30
            while not said and time.monotonic() < end:
                time.sleep(0.05)
    assert len(said) == 1
    assert "the run goes on" in said[0]
    assert isinstance(sharing.problem, EnvironmentNotReady)
    only_s3.make_bucket(s3_url.removeprefix("s3://"))
    with Sharing(a, said.append) as again:
        pass
    assert again.problem is None
    b = s3_computer("b")
    b.pull()
    assert rows(b) == {0, 1, 2}
