"""One store in a bucket and its mirrors on several computers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from orchestrator.errors import ConflictError, EnvironmentNotReady, StoreError
from orchestrator.results.fingerprint import Fingerprint
from orchestrator.store.bucket.mirror import RemoteStore
from orchestrator.store.bucket.objects import Objects
from orchestrator.store.read import read
from orchestrator.store.run_folder import RunFolder
from tests.cloud.results.conftest import Computer
from tests.cloud.results.stores import CELL, RUN, append, rows, started
from tests.fakes.objects import Server

pytestmark = pytest.mark.objects


def write(store: RemoteStore, *sessions: int, **more: str) -> None:
    with RunFolder(store.folder / RUN) as run:
        for session in sessions:
            append(run, session, **more)


def test_what_one_computer_pushes_another_one_pulls(computer: Computer) -> None:
    a = computer("a")
    path = started(a)
    write(a, 0, 1)
    with RunFolder(path) as run:
        run.put_fingerprint("f" * 32, b"{}")
    (path / "tensors").mkdir()
    (path / "report").mkdir()
    (path / "report/index.html").write_text("stays here")
    pushed = a.push()
    b = computer("b")
    assert b.pull() == pushed == 5
    assert rows(b) == {0, 1}
    assert read(b.folder).planned[0].cell == CELL.id
    assert read(b.folder).fingerprints == {"f" * 32: Fingerprint()}
    for name in ("run.json", "plan.json", "experiment.yaml"):
        assert (b.folder / RUN / name).read_bytes() == (a.folder / RUN / name).read_bytes()
    assert not (b.folder / RUN / "report").exists()


def test_nothing_new_is_nothing_to_do(computer: Computer) -> None:
    a = computer("a")
    started(a)
    write(a, 0)
    assert a.has_leftovers()
    a.push()
    assert not a.has_leftovers()
    assert (a.push(), a.pull()) == (0, 0)
    b = computer("b")
    b.pull()
    assert not b.has_leftovers()
    assert (b.push(), b.pull()) == (0, 0)


def test_what_is_added_while_the_run_is_held_is_pushed_alone(computer: Computer) -> None:
    a = computer("a")
    with RunFolder(started(a)) as run:
        append(run, 0)
        assert a.push(run) == 4
        append(run, 1)
        assert a.push(run) == 1
        assert a.push(run) == 0
        assert set(run.sessions_done()) == {(CELL.id, 0), (CELL.id, 1)}
    assert len(list((a.folder / RUN / "observations").iterdir())) == 2


def test_a_kill_between_two_pushes_loses_nothing(computer: Computer) -> None:
    a = computer("a")
    started(a)
    write(a, 0)
    a.push()
    write(a, 1)
    with RunFolder(a.folder / RUN) as run:
        # The file is closed, and the process killed before it pushes.
        run.seal()
    write(a, 2)
    again = computer("a")
    again.pull()
    assert again.has_leftovers()
    assert again.push() == 2
    b = computer("b")
    b.pull()
    assert rows(b) == {0, 1, 2}


def test_a_lost_mirror_is_pulled_again(computer: Computer) -> None:
    a = computer("a")
    started(a)
    write(a, 0, 1)
    a.push()
    shutil.rmtree(a.folder)
    again = computer("a")
    again.pull()
    assert rows(again) == {0, 1}


def test_two_computers_add_to_one_run(computer: Computer) -> None:
    a = computer("a")
    started(a, "first")
    a.push()
    b = computer("b")
    b.pull()
    # From here on neither computer sees what the other one writes.
    write(a, 0)
    started(b, "second")
    write(b, 1)
    started(a, "third")
    a.push()
    b.push()
    for store in (a, b):
        store.pull()
        assert rows(store) == {0, 1}
        document = json.loads((store.folder / RUN / "run.json").read_bytes())
        assert {i["argv"][0] for i in document["invocations"]} == {"first", "second", "third"}
        assert document["tag"] == "tag"
        assert not store.has_leftovers()


def test_other_bits_for_one_session_are_found_and_both_are_named(computer: Computer) -> None:
    a = computer("a")
    started(a)
    a.push()
    b = computer("b")
    b.pull()
    write(a, 0, machine="one", digest="a" * 64)
    write(b, 0, machine="two", digest="b" * 64)
    a.push()
    b.push()
    a.pull()
    with pytest.raises(ConflictError, match=r"one\.[0-9a-f]{64}\.jsonl:1 and .*two\.[0-9a-f]{64}"):
        read(a.folder)


def test_a_damaged_object_is_named_and_not_taken(only_s3: Server, s3_computer: Computer) -> None:
    a = s3_computer("a")
    started(a)
    write(a, 0)
    a.push()
    segment = next((a.folder / RUN / "observations").iterdir())
    name = segment.relative_to(a.folder).as_posix()
    only_s3.overwrite(f"{a.url}/{name}", segment.read_bytes().replace(b'"ok"', b'"no"'))
    b = s3_computer("b")
    with pytest.raises(StoreError, match=f"{segment.name}.*damaged"):
        b.pull()
    assert not (b.folder / name).exists()


@pytest.mark.parametrize(
    "name",
    ["trial/run-1/observations/../../../../x", "../x/tensors/a", "trial/.lock", "tensors/.x"],
)
def test_objects_with_other_names_are_ignored(
    only_s3: Server, s3_computer: Computer, name: str, tmp_path: Path
) -> None:
    a = s3_computer("a")
    only_s3.overwrite(f"{a.url}/{name}", b"hostile")
    assert a.pull() == 0
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_bucket_that_fails_leaves_everything_in_the_mirror(
    only_s3: Server, s3_url: str, s3_computer: Computer
) -> None:
    a = s3_computer("a")
    started(a)
    write(a, 0)
    only_s3.remove_bucket(s3_url)
    with pytest.raises(EnvironmentNotReady, match="no such bucket"):
        a.push()
    only_s3.make_bucket(s3_url.removeprefix("s3://"))
    assert a.push() == 4
    assert rows(a) == {0}


def test_every_server_has_a_mirror_of_its_own(
    s3_computer: Computer, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = s3_computer("a").folder
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert s3_computer("a").folder != one


def test_write_access_is_checked_in_advance(s3_computer: Computer) -> None:
    a = s3_computer("a")
    a.check_writable()
    a.check_writable()
    assert Objects(a.url).names() == ["eqc-store.json"]
    assert a.pull() == 0
