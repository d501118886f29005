"""Each event's JSON is that of docs/formats.md, section 6, byte for byte as it always was."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args

import pytest

from orchestrator.cli.progress import progress
from orchestrator.model import events
from orchestrator.model.events import MachineState
from tests.environment import ROOT

DOCUMENTED = {
    name: re.findall(r"`(\w+)`", re.sub(r"\((`[^)]*)\)", "", fields))
    for name, fields in re.findall(
        r"^\| `(\w+)` \| (.*) \|$",
        (ROOT / "docs" / "formats.md").read_text("utf-8").partition("## 6. Events")[2],
        flags=re.MULTILINE,
    )[:8]
}
"""Fields by event; the states of a machine, in parentheses, are left out."""

TOLD: list[events.Event] = [
    events.Note("cannot"),
    events.Note("warming up", "local numpy"),
    events.Skipped("emulated/X", "torch", "no QEMU"),
    events.JobsPlanned({"local numpy": 4, "mask/avx numpy": 2}),
    events.JobStarted("local numpy"),
    events.SessionEnded("local numpy", "ab12", 0, "ok", 0.125),
    events.SessionEnded("local numpy", None, None, None, None),
    events.JobEnded("local numpy", 4, 1),
    events.MachineChanged("aws/c5", MachineState.WAITING, "c5.large in us-east-1"),
    events.MachineChanged("aws/c5", MachineState.WORKING, "c5.large in us-east-1", "i-1"),
    events.MachineChanged(
        "aws/c5", MachineState.LOST, "c5.large in us-east-1", "i-1", "it went away"
    ),
    events.CleanedUp(),
    events.CleanedUp(0, 1.5, 0.25, 1, ("aws: a key pair",)),
    events.CleanedUp(0, None, 0.0),
]
RECORDED = (ROOT / "tests" / "data" / "events-d9d82e9.jsonl").read_text().splitlines()
"""The same events as commit d9d82e9 wrote them, less the time."""
LINES = list(zip(TOLD, RECORDED, strict=True))


def test_every_event_is_among_them() -> None:
    assert {type(event) for event in TOLD} == set(get_args(events.Event))


@pytest.mark.parametrize(("event", "line"), LINES, ids=[line[:60] for _, line in LINES])
def test_a_line_is_what_it_was(event: events.Event, line: str) -> None:
    assert json.dumps(event.as_json()) == line


@pytest.mark.parametrize("name", sorted(DOCUMENTED))
def test_an_event_has_the_fields_of_the_table(name: str) -> None:
    said = [event.as_json() for event in TOLD if event.as_json()["event"] == name]
    fields = set().union(*said) - {"event"}
    assert fields == set(DOCUMENTED[name])


def test_the_table_has_every_event_and_every_state() -> None:
    assert set(DOCUMENTED) == {event.as_json()["event"] for event in TOLD}
    text = (ROOT / "docs" / "formats.md").read_text("utf-8")
    (row,) = re.findall(r"^\| `machine` \| .*?\((.*?)\)", text, flags=re.MULTILINE)
    assert re.findall(r"`(\w+)`", row) == [state.value for state in MachineState]


def test_a_file_has_a_line_for_each_that_begins_with_the_time(tmp_path: Path) -> None:
    with progress(tmp_path / "events", quiet=True) as tell:
        for event in TOLD:
            tell(event)
    written = (tmp_path / "events").read_text().splitlines()
    assert [re.sub(r'^\{"time": \d+\.\d+, ', "{", line) for line in written] == RECORDED


SHOWN = [
    (events.Skipped("p", "torch", "no QEMU"), "skipped p torch: no QEMU"),
    (events.JobsPlanned({"a": 4, "b": 2}), "6 sessions in 2 jobs"),
    (events.JobStarted("a"), "started a"),
    (events.SessionEnded("a", "c", 0, "ok", 0.1), ""),
    (events.JobEnded("a", 4, 0), "ended   a: 4 sessions"),
    (events.JobEnded("a", 4, 1), "ended   a: 4 sessions, 1 not ok"),
    (
        events.MachineChanged("p", MachineState.LOST, "here", "i-1", "it went away"),
        "lost p (here, i-1): it went away",
    ),
    (events.CleanedUp(), "machines left: 0"),
    (
        events.CleanedUp(0, 1.5, 0.25, 1),
        "machines left: 0; cost at least 0.25 USD by list price, estimated 1.50",
    ),
    (
        events.CleanedUp(0, None, 0.25),
        "machines left: 0; cost 0.25 USD by list price, estimated unknown",
    ),
]


@pytest.mark.parametrize(("event", "text"), SHOWN, ids=[text or "nothing" for _, text in SHOWN])
def test_people_read_a_line(
    event: events.Event, text: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with progress(None, quiet=False) as tell:
        tell(event)
    assert capfd.readouterr().err.strip() == text
