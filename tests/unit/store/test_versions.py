from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import StoreError
from orchestrator.store.documents import newest
from orchestrator.store.documents import unite_runs as unite
from orchestrator.store.versions import VERSION, keep_versions, restore, versions
from tests.unit.store.copies import asked, call, cells, document, planned, write


def exchange(a: Path, b: Path) -> None:
    """Copy every version to the other folder, as pushing and pulling would."""
    for source, target in ((a, b), (b, a)):
        (target / "documents").mkdir(parents=True, exist_ok=True)
        for path in versions(source):
            (target / "documents" / path.name).write_bytes(path.read_bytes())


def test_each_state_of_a_document_is_kept_once(tmp_path: Path) -> None:
    for plan in ("[1]", "[1]", "[2]"):
        write(tmp_path, plan=plan, run=json.dumps(document()))
        keep_versions(tmp_path)
    assert [path.read_text() for path in versions(tmp_path, "plan.json")] == ["[1]", "[2]"]
    assert len(versions(tmp_path)) == 3
    for path in versions(tmp_path):
        found = VERSION.fullmatch(path.name)
        assert found is not None
        assert found["digest"] == blake3(path.read_bytes()).hexdigest()


def test_the_newest_plan_counts_whose_ever_it_is(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    write(a, plan="[1]", run=json.dumps(document()))
    keep_versions(a)
    exchange(a, b)
    restore(b)
    write(b, plan="[2]")
    keep_versions(b)
    exchange(a, b)
    for run in (a, b):
        restore(run)
        restore(run)
        assert (run / "plan.json").read_text() == "[2]"
    assert len(versions(a, "plan.json")) == 2


def test_a_plan_that_comes_back_is_the_newest_again(tmp_path: Path) -> None:
    for name, plan in (("1", planned("a")), ("2", planned("a", "b")), ("3", planned("a"))):
        asked(tmp_path, name, plan)
        keep_versions(tmp_path)
    restore(tmp_path)
    assert cells(tmp_path) == ["a"]
    assert len(versions(tmp_path, "plan.json")) == 2


def test_what_a_later_call_dropped_is_dropped_and_what_it_did_not_know_is_not(
    tmp_path: Path,
) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    asked(a, "1", planned("x", "y"))
    shutil.copytree(a, b)
    asked(a, "2", planned("y", "z", sessions=2), started="2026-01-02T00:00:00Z")
    asked(b, "3", planned("w", "y", sessions=5), started="2026-01-03T00:00:00Z")
    keep_versions(a)
    keep_versions(b)
    exchange(a, b)
    for run in (a, b):
        restore(run)
        assert cells(run) == ["w", "y", "z"]
        assert (run / "experiment.yaml").read_text() == "3"
        found = json.loads((run / "plan.json").read_bytes())["cells"]
        assert [cell["sessions"] for cell in found] == [5, 5, 2]
    asked(a, "4", planned("y"), started="2026-01-03T00:00:00Z")
    keep_versions(a)
    exchange(a, b)
    restore(b)
    assert cells(b) == ["y"]


def test_calls_of_earlier_versions_of_the_program_came_one_after_the_other(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    first, second = call("1"), call("2", started="2026-01-02T00:00:00Z")
    write(a, plan=planned("x"), run=json.dumps(document(first)))
    write(b, plan=planned("y"), run=json.dumps(document(first, second)))
    keep_versions(a)
    keep_versions(b)
    exchange(a, b)
    for run in (a, b):
        restore(run)
        assert cells(run) == ["y"]


def test_calls_that_name_each_other_lose_nothing() -> None:
    assert len(newest([call("1", after=["2"]), call("2", after=["1"])])) == 2


def test_a_plan_that_nobody_has_yet_is_not_overwritten(tmp_path: Path) -> None:
    write(tmp_path, plan="[1]")
    keep_versions(tmp_path)
    write(tmp_path, plan="[2]")
    restore(tmp_path)
    assert (tmp_path / "plan.json").read_text() == "[2]"


def test_a_clock_that_is_behind_does_not_make_a_plan_old(tmp_path: Path) -> None:
    ahead = f"{datetime.now(UTC) + timedelta(days=1):%Y%m%dT%H%M%S.%f}"
    (tmp_path / "documents").mkdir()
    digest = blake3(b"[1]").hexdigest()
    (tmp_path / "documents" / f"{ahead}.{digest}.plan.json").write_text("[1]")
    write(tmp_path, plan="[2]")
    keep_versions(tmp_path)
    restore(tmp_path)
    assert (tmp_path / "plan.json").read_text() == "[2]"


def test_invocations_of_all_are_united_and_uniting_adds_no_version(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    write(a, run=json.dumps(document(call("1"))))
    write(b, run=json.dumps(document(call("2", ended="later"))))
    keep_versions(a)
    keep_versions(b)
    exchange(a, b)
    for run in (a, b):
        restore(run)
        found = json.loads((run / "run.json").read_bytes())
        assert [i["id"] for i in found["invocations"]] == ["1", "2"]
        keep_versions(run)
        assert len(versions(run)) == 2
    assert (a / "run.json").read_bytes() == (b / "run.json").read_bytes()


def test_an_invocation_stands_as_it_ended() -> None:
    begun, ended = call("1"), call("1", ended="then", sessions={"ok": 3})
    for order in ([begun, ended], [ended, begun]):
        united = unite(document(each) for each in order)
        assert united["invocations"] == [ended]


def test_invocations_of_earlier_versions_of_the_program_have_no_id() -> None:
    old = {"argv": ["eqc", "run"], "started": "2026-01-01T00:00:00Z"}
    assert unite([document(old), document({**old, "ended": "x"})])["invocations"] == [
        {**old, "ended": "x"}
    ]


@given(st.lists(st.lists(st.sampled_from("abcdef"), unique=True), min_size=1), st.randoms())
def test_the_order_of_uniting_does_not_matter(groups: list[list[str]], random: Any) -> None:
    documents = [document(*map(call, group)) for group in groups]
    shuffled = documents.copy()
    random.shuffle(shuffled)
    assert unite(documents) == unite(shuffled) == unite([unite(documents), *shuffled])


@pytest.mark.parametrize("text", ["", "[]", '{"invocations": 3}', "{"])
def test_a_damaged_version_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "documents").mkdir()
    name = f"20260101T000000.000000.{blake3(text.encode()).hexdigest()}.run.json"
    (tmp_path / "documents" / name).write_text(text)
    with pytest.raises(StoreError, match="damaged"):
        restore(tmp_path)


def test_other_files_beside_the_versions_are_no_versions(tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents/notes.plan.json").write_text("[]")
    assert versions(tmp_path) == []
