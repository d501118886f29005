"""Hostile output of a machine is refused or shown harmlessly; it never ends a run or a report."""

from __future__ import annotations

import copy
import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from orchestrator.analysis.details import details
from orchestrator.api import TABLES, findings
from orchestrator.cli.progress import progress
from orchestrator.model.events import (
    Event,
    MachineChanged,
    MachineState,
    Note,
    SessionEnded,
    Skipped,
)
from orchestrator.model.experiment import Installation, Limits, Reason
from orchestrator.model.machine import Machine
from orchestrator.report.html.page import html_text
from orchestrator.report.registry import FORMATS
from orchestrator.run.execute import NOTES, ProgressFilter
from orchestrator.run.job import Job, sessions_of_job, write_job
from orchestrator.store.ingest import Origin, ingest
from orchestrator.store.read import read
from orchestrator.store.run_folder import RunFolder
from orchestrator.store.schema import problem_with_fingerprint, problem_with_stored
from orchestrator.system.untrusted_json import parse_json
from tests.unit.store.records import cell, observed, plan, stored

ORIGIN = Origin("machine", "docker", None, None, None)
SILENT = Reason("not-reported", "it said nothing")
ESCAPES = "\x1b[2J\x1b]0;owned\x07\x9b31m\r\b\u202e"
NASTY = st.one_of(
    st.sampled_from(
        [
            None,
            True,
            -1,
            0,
            1 << 62,
            1 << 80,
            1e308,
            float("nan"),
            float("inf"),
            "",
            ESCAPES,
            "\ud800",
            "../../../etc/passwd",
            "<script>alert(1)</script>",
            "=cmd|' /C calc'!A0",
            "x" * 30_000,
            [],
            {},
            [[]],
            {"a": {"b": []}},
        ]
    ),
    st.text(max_size=20),
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
        max_leaves=6,
    ),
)


@pytest.fixture(scope="module")
def fingerprint() -> dict[str, Any]:
    from orchestrator.executors.process import probe

    return probe()


def offers(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all parts of a JSON value."""
    yield path
    if isinstance(value, dict):
        for key, child in value.items():
            yield from offers(child, (*path, key))
    elif isinstance(value, list) and value:
        yield from offers(value[0], (*path, 0))


def with_nasty(value: Any, path: tuple[Any, ...], nasty: Any) -> Any:
    if not path:
        return nasty
    changed = copy.deepcopy(value)
    inner = changed
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = nasty
    return changed


def everything_said(run: Path) -> str:
    """The text of every report and table of a run, in all formats that people read."""
    found = findings(run)
    texts = [form.report(found.summary) for form in FORMATS.values() if form.report]
    # The page includes plotly, which has such characters in its own strings: leave it out.
    page = html_text(found.summary, details(found))
    texts.append(re.sub(r"<script[^>]*>.{500000,}?</script>", "", page, flags=re.DOTALL))
    tables = [make(found) for make in TABLES.values()]
    writers = [form.table for form in FORMATS.values() if form.table]
    return "".join([*texts, *(write(table) for table in tables for write in writers)])


def steering(text: str) -> set[str]:
    """The characters of ``text`` that control a terminal or change the order of reading."""
    return {c for c in text if (ord(c) < 32 and c not in "\n\r") or ord(c) in (127, 0x9B, 0x202E)}


def taken(folder: Path, lines: bytes, fingerprint: Any, *, sessions: int = 2) -> Path:
    """A run with the output of a machine (``lines``, ``fingerprint``) and of a good machine."""
    good, bad = cell("good"), cell("bad")
    with RunFolder.open(folder, plan(good, bad), fresh=False) as run:
        run.write_plan(plan(good, bad), ["eqc"])
        usual = "".join(json.dumps(observed(good.id, n)) + "\n" for n in range(sessions))
        for name, text, one in (("good", usual.encode(), good), ("bad", lines, bad)):
            out = folder / name
            out.mkdir()
            (out / "observations.jsonl").write_bytes(text)
            (out / "fingerprint.json").write_text(json.dumps(fingerprint))
            ingest(run, out, {one.id: (one, tuple(range(sessions)))}, ORIGIN, SILENT)
        for record in stored(run.path):
            assert problem_with_stored(record) is None
    by_platform: dict[str, list[str]] = {}
    for record in read(run.path).records:
        by_platform.setdefault(record.platform.name, []).append(record.status)
    assert by_platform["good"] == ["ok"] * sessions
    assert len(by_platform["bad"]) == sessions
    return run.path


# One example makes a dozen reports, so failing examples are not shrunk.
@settings(max_examples=12, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(data=st.data())
def test_no_record_ends_a_report_or_steers_a_terminal(
    fingerprint: dict[str, Any], data: st.DataObject
) -> None:
    bad = cell("bad")
    record = observed(bad.id, 0)
    record |= {"model": {"multiplications": 9, "parameters": 3, "weights": "ab"}, "seconds": 0.1}
    record["framework"] |= {"version": "1", "libraries": {"a": "1"}, "isa": {"a": ["B"]}}
    offer = data.draw(st.sampled_from(list(offers(record))))
    lines = json.dumps(with_nasty(record, offer, data.draw(NASTY))).encode() + b"\n"
    own = with_nasty(
        fingerprint, data.draw(st.sampled_from(list(offers(fingerprint)))), data.draw(NASTY)
    )
    with tempfile.TemporaryDirectory() as folder:
        run = taken(Path(folder), lines, own)
        assert steering(everything_said(run)) == set()


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_fingerprint_is_as_the_schema_says_or_is_refused(
    fingerprint: dict[str, Any], data: st.DataObject
) -> None:
    assert problem_with_fingerprint(fingerprint) is None
    changed = with_nasty(
        fingerprint, data.draw(st.sampled_from(list(offers(fingerprint)))), data.draw(NASTY)
    )
    problem = problem_with_fingerprint(changed)
    assert problem is None or len(problem) < 1000


@pytest.mark.parametrize(
    "lines",
    [
        b"[" * 100_000 + b"\n",
        b'{"cell": ' * 50_000 + b"\n",
        b"\xff\xfe\x00\n" * 1000,
        b"1" * 10_000 + b"\n",
        b'{"cell": "' + b"A" * 1_000_000 + b'"}\n',
        b"{}\n" * 300_000,
        b"no end",
    ],
    ids=["deep", "deep objects", "not UTF-8", "long number", "long name", "many", "torn"],
)
def test_lines_that_are_too_deep_long_or_many_are_no_records(
    tmp_path: Path, fingerprint: dict[str, Any], lines: bytes
) -> None:
    run = taken(tmp_path, lines, fingerprint)
    bad = [r for r in read(run).records if r.platform.name == "bad"]
    assert {r.reason and r.reason.code for r in bad} == {"not-reported"}


def test_a_deeply_nested_fingerprint_is_refused(tmp_path: Path) -> None:
    deep: Any = {"schema": 1}
    for _ in range(900):
        deep = {"more": deep}
    run = taken(tmp_path, b"", deep)
    assert read(run).fingerprints == {}


def test_a_machines_records_count_only_for_its_own_sessions(tmp_path: Path) -> None:
    good, bad = cell("good"), cell("bad")
    claims = [observed(good.id, 0, "f" * 64), observed(bad.id, 7), observed(bad.id, 0)]
    claims.append({**observed(bad.id, 0), "session": True})
    with RunFolder.open(tmp_path, plan(good, bad), fresh=False) as run:
        out = tmp_path / "out"
        out.mkdir()
        (out / "observations.jsonl").write_text("".join(json.dumps(c) + "\n" for c in claims))
        ingest(run, out, {bad.id: (bad, (0, 1))}, ORIGIN, SILENT)
        found = {(r.cell, r.session, r.status) for r in run.records()}
    assert found == {(bad.id, 0, "ok"), (bad.id, 1, "failed")}


def test_the_output_of_a_killed_job_counts_only_for_its_own_sessions(tmp_path: Path) -> None:
    own, other = cell("own"), cell("other")
    machine = Machine("m", own.platform)
    job = Job(machine, Installation("numpy"), ((own, (1,)),))
    assert sessions_of_job(tmp_path) == {}
    with_input = replace(own, input=replace(own.input, tensors=()))
    write_job(replace(job, cells=((with_input, (1,)),)), tmp_path / "job", Limits(), None)
    assert sessions_of_job(tmp_path / "job") == {with_input.id: (1,)}
    assert other.id not in sessions_of_job(tmp_path / "job")
    (tmp_path / "job/job.json").write_text('{"cells": [{"ce')
    assert sessions_of_job(tmp_path / "job") == {}


def test_links_and_wrong_tensors_are_not_taken(tmp_path: Path) -> None:
    one = cell("bad")
    secret = tmp_path / "secret"
    secret.write_text("not for the store")
    out = tmp_path / "out"
    (out / "tensors").mkdir(parents=True)
    (out / "tensors" / ("b" * 64)).symlink_to(secret)
    (out / "fingerprint.json").symlink_to(secret)
    (out / "tensors" / ("c" * 64)).write_bytes(b"of another digest")
    records = [observed(one.id, n, d * 64) for n, d in ((0, "b"), (1, "c"))]
    for record in records:
        record["outputs"][0]["tensor"] = True
    (out / "observations.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
    with RunFolder.open(tmp_path, plan(one), fresh=False) as run:
        ingest(run, out, {one.id: (one, (0, 1))}, ORIGIN, SILENT)
        assert {r.reason and r.reason.code for r in run.records()} == {"damaged-output"}
    assert "not for the store" not in "".join(
        p.read_text(errors="replace") for p in run.path.rglob("*") if p.is_file()
    )


@given(st.one_of(st.text(), st.binary().map(lambda b: b.decode(errors="replace")), NASTY.map(str)))
def test_any_line_of_a_runner_becomes_one_event(line: str) -> None:
    heard: list[Event] = []
    ProgressFilter(heard.append, "job", 2)(line)
    (event,) = heard
    assert isinstance(event, Note | SessionEnded)
    assert len(json.dumps(event.as_json())) < 10_000


def test_the_number_of_events_per_job_is_bounded() -> None:
    heard: list[Event] = []
    hear = ProgressFilter(heard.append, "job", 2)
    session = json.dumps({"event": "session", "session": 0, "job": "another", "event_": "x" * 9999})
    for _ in range(1000):
        hear("[" * 60_000)
        hear(session)
    assert len(heard) == NOTES + 1 + 2 + 1
    assert {event.as_json()["job"] for event in heard} == {"job"}


def test_progress_shows_no_raw_escapes(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with progress(tmp_path / "events", quiet=False) as tell:
        ProgressFilter(tell, "job", 1)(f"a note {ESCAPES}")
        tell(Skipped(ESCAPES, "f", ESCAPES))
        tell(MachineChanged("p", MachineState.LOST, "x", text=ESCAPES))
    said = capfd.readouterr().err
    assert steering(said) == set()
    assert "\\x1b[2J" in said
    assert steering((tmp_path / "events").read_text()) == set()


@pytest.mark.parametrize(
    "text", ["NaN", "[Infinity]", "1e999", str(1 << 63), "[" * 40 + "]" * 40, "{", ""]
)
def test_json_that_some_readers_reject_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_json(text)


def test_json_that_every_reader_accepts() -> None:
    value = {"a": [1, -(1 << 63), 1.5, None, True, "\u00e9"], "b": {"c": {}}}
    assert parse_json(json.dumps(value)) == value
