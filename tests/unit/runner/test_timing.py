"""Timed sessions: processes of their own, side by side, with the bits of their first run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jobs import Bench

from eqc_runner.session import quartiles


def timed(session: int, repetitions: int = 5) -> dict[str, int]:
    return {"session": session, "repetitions": repetitions}


def test_the_last_session_is_timed_and_the_others_are_as_ever(bench: Bench) -> None:
    cell = bench.cell("count-runs", sessions=[0, 1, 2], time=timed(2))
    records = bench.run()
    assert [records[cell, n]["status"] for n in range(3)] == ["ok"] * 3
    assert len({records[cell, n]["outputs"][0]["digest"] for n in range(3)}) == 1, "first runs"
    assert "time" not in records[cell, 0]
    assert records[cell, 2]["mode"] == "cold"
    found = records[cell, 2]["time"]
    assert len(found["laps"]) == 5
    assert found["quartiles"][0] <= found["median"] <= found["quartiles"][1]
    assert bench.imports() == 2, "one worker for the sessions, one for the timed one"


def test_runs_of_one_workload_and_input_are_made_in_turn(bench: Bench) -> None:
    threads = [{"OMP_NUM_THREADS": number} for number in "12"]
    one = bench.cell("logs-runs", time=timed(0, 3), environment=threads[0])
    other = bench.cell("logs-runs", time=timed(0, 2), environment=threads[1])
    alone = bench.cell("fine", time=timed(0, 1))
    records = bench.run()
    assert [len(records[cell, 0]["time"]["laps"]) for cell in (one, other, alone)] == [3, 2, 1]
    events = [json.loads(line) for line in bench.stdout.splitlines()]
    assert [event["cell"] for event in events] == [one, other, alone]
    # Each imports and runs once; then they run in turn, as long as each wants to.
    *pids, last = bench.log.read_text().splitlines()
    a, b = dict.fromkeys(pids)
    assert pids == [a, a, b, b, a, b, a, b, a]
    assert last not in pids


@pytest.mark.parametrize("how", ["raise", "segfault", "exit"])
def test_one_that_dies_has_its_reason_and_takes_nothing_from_the_other(
    bench: Bench, how: str
) -> None:
    bad = bench.cell(how, sessions=[0], time=timed(0))
    good = bench.cell("fine", sessions=[0], time=timed(0))
    bench.cells[0]["input"] = bench.cells[1]["input"]
    records = bench.run()
    assert records[good, 0]["status"] == "ok"
    assert len(records[good, 0]["time"]["laps"]) == 5
    assert records[bad, 0]["status"] == "failed"
    assert records[bad, 0]["reason"]["code"] in ("exception", "signal")


def test_one_that_dies_while_it_is_timed_has_its_reason(bench: Bench) -> None:
    dying = bench.cell("dies-warm", sessions=[0], time=timed(0))
    records = bench.run()
    assert records[dying, 0]["status"] == "failed"
    assert records[dying, 0]["reason"]["code"] == "exception"


def test_a_framework_that_cannot_be_imported_is_a_reason(bench: Bench) -> None:
    missing = {"MISBEHAVE_AT_START": "missing"}
    cell = bench.cell("fine", sessions=[0], time=timed(0), environment=missing)
    assert bench.run()[cell, 0]["reason"]["code"] == "not-installed"


def test_a_timed_session_that_is_stored_is_not_computed_again(bench: Bench) -> None:
    cell = bench.cell("fine", sessions=[0], time=timed(0))
    before = bench.run()[cell, 0]
    assert bench.run()[cell, 0] == before


def test_quartiles_of_nothing_are_nothing(tmp_path: Path) -> None:
    assert quartiles([]) == {}
    assert quartiles([1.0, 2.0, 3.0]) == {"median": 2.0, "quartiles": [1.5, 2.5]}
