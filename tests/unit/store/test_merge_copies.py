"""Merging copies of one run that went on apart: nothing is lost, and no order matters."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.cli.main import main
from orchestrator.errors import EnvironmentNotReady, Exit, StoreError, TornLine
from orchestrator.store import merge as merging
from orchestrator.store.merge import merge
from orchestrator.store.read import read
from orchestrator.store.records import read_records
from orchestrator.store.run_folder import RunFolder
from tests.unit.store.copies import asked, cells, content, observe, planned, write
from tests.unit.store.records import observed

RUN = Path("trial/r")


def copies(folder: Path, *names: str) -> list[Path]:
    """Copies of a store whose one call planned the cells x and y, and computed x."""
    first = folder / names[0]
    asked(first / RUN, "first", planned("x", "y"))
    observe(first / RUN, "x")
    for name in names[1:]:
        shutil.copytree(first, folder / name)
    return [folder / name for name in names]


def merged(sources: Sequence[Path], target: Path) -> dict[str, bytes]:
    merge(sources, target)
    return content(target)


def test_a_plan_that_grew_is_kept_in_either_order(tmp_path: Path) -> None:
    old, new = copies(tmp_path, "old", "new")
    asked(new / RUN, "second", planned("x", "y", "z", sessions=3), "2026-01-02T00:00:00Z")
    there = merged([old, new], tmp_path / "c")
    assert there == merged([new, old], tmp_path / "d")
    assert [(c.cell, c.sessions) for c in read(tmp_path / "c").planned] == [
        ("x", 3),
        ("y", 3),
        ("z", 3),
    ]
    calls = json.loads(there["trial/r/run.json"])["invocations"]
    assert [each["id"] for each in calls] == ["first", "second"]
    assert there["trial/r/experiment.yaml"] == b"second"
    texts = {c for name, c in there.items() if name.endswith(".experiment.yaml")}
    assert texts == {b"first", b"second"}


def test_two_plans_that_do_not_know_of_each_other_are_both_kept(tmp_path: Path) -> None:
    a, b = copies(tmp_path, "a", "b")
    asked(a / RUN, "second", planned("x", "a"), "2026-01-02T00:00:00Z")
    asked(b / RUN, "third", planned("b", "x"), "2026-01-03T00:00:00Z")
    merge([a, b], tmp_path / "c")
    assert cells(tmp_path / "c" / RUN) == ["b", "x", "a"]
    asked(tmp_path / "c" / RUN, "fourth", planned("x"), "2026-01-04T00:00:00Z")
    merge([a, tmp_path / "c", b], tmp_path / "d")
    assert cells(tmp_path / "d" / RUN) == ["x"]


def test_a_run_of_an_earlier_version_of_the_program_keeps_its_plans(tmp_path: Path) -> None:
    old, new = copies(tmp_path, "old", "new")
    asked(new / RUN, "second", planned("z"), "2026-01-02T00:00:00Z")
    for store in (old, new):
        document = json.loads((store / RUN / "run.json").read_bytes())
        for each in document["invocations"]:
            del each["plan"], each["experiment"], each["after"]
        write(store / RUN, run=json.dumps(document))
    assert merged([old, new], tmp_path / "c") == merged([new, old], tmp_path / "d")
    assert cells(tmp_path / "c" / RUN) == ["z"]


PLANS = st.builds(planned, *[st.sampled_from("uvwxyz")] * 2, sessions=st.integers(1, 3))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.integers(0, 2), PLANS, st.integers(1, 3)),
        st.tuples(
            st.just("observe"),
            st.integers(0, 2),
            st.sampled_from("xyz"),
            st.sampled_from(["ok", "failed"]),
            st.integers(0, 1),
            st.sampled_from("mn"),
        ),
        st.tuples(st.just("keep"), st.integers(0, 2), st.sampled_from(["tensors", "fingerprints"])),
        st.tuples(st.just("seal"), st.integers(0, 2)),
        st.tuples(st.just("merge"), st.integers(0, 2), st.integers(0, 2)),
    ),
    min_size=3,
    max_size=12,
)


def grown(folder: Path, steps: list[tuple[Any, ...]]) -> list[Path]:
    """Three copies that each went on as ``steps`` say."""
    stores = copies(folder, "a", "b", "c")
    for number, (step, place, *more) in enumerate(steps):
        run = stores[place] / RUN
        if step == "ask":
            asked(run, f"call{number}", more[0], f"2026-01-0{more[1]}T00:00:00Z")
        elif step == "observe":
            cell, status, attempt, machine = more
            recorded = f"2026-01-01T00:00:{number:02}Z"
            observe(run, cell, status=status, attempt=attempt, machine=machine, recorded=recorded)
        elif step == "keep":
            text = f"{number}".encode()
            path = run / more[0] / (merging.blake3(text).hexdigest())
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(text)
        elif step == "seal":
            with RunFolder(run) as held:
                held.seal()
        else:
            merge([stores[more[0]]], stores[place])
    return stores


@settings(max_examples=30, deadline=None)
@given(STEPS)
def test_no_order_and_no_step_between_matters(steps: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        a, b, c = grown(folder, steps)
        before = [content(each) for each in (a, b, c)]
        whole = merged([a, b, c], folder / "abc")
        assert merged([c, a, b], folder / "cab") == whole
        merge([a, b], folder / "ab")
        assert merged([folder / "ab", c], folder / "ab-c") == whole
        merge([c, b], folder / "cb")
        assert merged([a, folder / "cb"], folder / "a-cb") == whole
        merge([b], folder / "b-then")
        merge([c], folder / "b-then")
        # What was merged before is a source, too, and merging again changes nothing.
        closed = any(path.endswith(".jsonl") and path.count(".") > 1 for path in whole)
        assert not closed
        assert merged([a], folder / "b-then") == whole
        assert merged([folder / "abc", a], folder / "again") == whole
        assert merged([folder / "abc"], folder / "abc") == whole
        assert [content(each) for each in (a, b, c)] == before


@pytest.mark.parametrize("status", ["ok", "failed"])
def test_of_two_attempts_of_one_number_the_later_recorded_counts(
    tmp_path: Path, status: str
) -> None:
    a, b = copies(tmp_path, "a", "b")
    for store, name, time in ((a, "z", "2026-01-02T00:00:00Z"), (b, "a", "2026-01-01T00:00:00Z")):
        observe(store / RUN, "y", status=status, machine=name, recorded=time, seconds=len(time))
    for order in ([a, b], [b, a]):
        merge(order, tmp_path / "c")
        (found,) = (record for record in read(tmp_path / "c").records if record.cell == "y")
        assert (found.status, found.recorded) == (status, "2026-01-02T00:00:00Z")
        shutil.rmtree(tmp_path / "c")


def exit_of(*words: str, patch: pytest.MonkeyPatch) -> object:
    patch.setattr("sys.argv", ["eqc", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


def test_a_conflict_names_both_lines_and_has_its_own_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = copies(tmp_path, "a", "b")
    outputs = observed("y", digest="b" * 64)["outputs"]
    observe(b / RUN, "y")
    observe(a / RUN, "z")
    observe(a / RUN, "y", outputs=outputs)
    before = content(a)
    for target in ("a", "c"):
        words = ("merge", str(a), str(b), "-o", str(tmp_path / target))
        assert exit_of(*words, patch=monkeypatch) == Exit.CONFLICT
        said = capsys.readouterr().err
        assert f"{a / RUN}/observations/m.jsonl:3" in said
        assert f"{b / RUN}/observations/m.jsonl:2" in said
    assert content(a) == before
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b"}
    assert exit_of("report", str(tmp_path), patch=monkeypatch) == Exit.CONFLICT


@pytest.mark.parametrize("name", ["run.json", "plan.json"])
@pytest.mark.parametrize("text", ["", "{", "[]", '{"cells": [], "invocations": 1}'])
def test_a_damaged_document_is_named_and_nothing_is_written(
    tmp_path: Path, name: str, text: str
) -> None:
    a, b = copies(tmp_path, "a", "b")
    (b / RUN / name).write_text(text)
    before = content(a)
    for target in (a, tmp_path / "c"):
        with pytest.raises(StoreError, match=f"/b/trial/r/{name}.*damaged"):
            merge([a, b], target)
    assert content(a) == before
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b"}


@pytest.mark.parametrize("name", ["../up", "", "..", 3])
def test_a_run_that_would_go_elsewhere_is_refused(tmp_path: Path, name: object) -> None:
    (a,) = copies(tmp_path, "a")
    document = json.loads((a / RUN / "run.json").read_bytes())
    write(a / RUN, run=json.dumps({**document, "experiment": name}))
    with pytest.raises(StoreError, match="names no run"):
        merge([a], tmp_path / "c")


def test_a_damaged_version_is_named(tmp_path: Path) -> None:
    (a,) = copies(tmp_path, "a")
    merge([a], tmp_path / "b")
    version = next((tmp_path / "b" / RUN / "documents").glob("*.plan.json"))
    version.write_text(planned("q"))
    with pytest.raises(StoreError, match="its content is not what its name says"):
        merge([tmp_path / "b"], tmp_path / "c")


def test_a_store_is_read_while_it_is_written_and_not_written_by_two(tmp_path: Path) -> None:
    a, b = copies(tmp_path, "a", "b")
    with RunFolder(a / RUN):
        with (a / RUN / "observations/m.jsonl").open("a") as file:
            file.write('{"torn')
        with pytest.warns(TornLine):
            merge([a, b], tmp_path / "c")
        with pytest.raises(EnvironmentNotReady, match="is writing this run"):
            merge([b], a)
    assert [record.cell for record in read(tmp_path / "c").records] == ["x"]


@pytest.mark.parametrize("first", [True, False])
def test_a_file_that_is_closed_meanwhile_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, first: bool
) -> None:
    (a,) = copies(tmp_path, "a")
    observe(a / RUN, "y", machine="n")

    def seal() -> None:
        with RunFolder(a / RUN) as run:
            run.seal()

    def reading(path: Path) -> Any:
        if first:
            seal()
        found = list(read_records(path))
        if not first:
            seal()
        return found

    monkeypatch.setattr(merging, "read_records", reading)
    with pytest.raises(EnvironmentNotReady, match="merge again"):
        merge([a], tmp_path / "c")
    monkeypatch.undo()
    merge([a], tmp_path / "c")
    assert len(read(tmp_path / "c").records) == 2


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to("elsewhere")])
def test_an_empty_folder_or_a_link_to_one_is_a_target(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    (a,) = copies(tmp_path, "a")
    (tmp_path / "elsewhere").mkdir()
    make(tmp_path / "c")
    assert merged([a], tmp_path / "c") == merged([a], tmp_path / "d")
