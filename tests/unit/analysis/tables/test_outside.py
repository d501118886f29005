"""A table of another distribution, through the command line and the API as processes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.errors import Exit
from orchestrator.store.run_folder import RunFolder
from tests.distributions import eqc, installed, python
from tests.unit.store.records import cell, plan

GROUP = "eqc_orchestrator.tables"
SPEEDS = """
from orchestrator.api import Column, ColumnKind, Findings, Table

def speeds(findings: Findings) -> Table:
    rows = tuple((info.name, 1.5) for info in findings.summary.platforms)
    columns = (Column("platform"), Column("speed", ColumnKind.MEASURE, "GHz"))
    return Table("speeds", "How fast", columns, rows)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a store of a run in which two platforms are planned and none was observed yet."""
    asked = plan(cell("a"), cell("b"))
    with RunFolder.open(tmp_path / "store", asked, fresh=False) as run:
        run.write_plan(asked, ["eqc"])
    return tmp_path


def test_it_is_listed_shown_and_written(folder: Path) -> None:
    installed(folder, "eqc-speeds", {GROUP: {"speeds": "speeds:speeds"}}, speeds=SPEEDS)
    assert "|margins|speeds|all]" in "".join(eqc(folder, "report", "--help").stdout.split())
    done = eqc(folder, "report", "store", "--show", "speeds", "--format", "json")
    assert done.returncode == Exit.DONE, done.stderr
    document = json.loads(done.stdout)
    assert document["rows"] == [["a", 1.5], ["b", 1.5]]
    assert document["columns"][1]["unit"] == "GHz"
    eqc(folder, "report", "store", "--show", "all", "-o", "tables", "--format", "csv")
    assert (folder / "tables/speeds.csv").read_text().splitlines() == [
        "platform,speed (GHz)",
        "a,1.5",
        "b,1.5",
    ]
    assert (folder / "tables/partitions.csv").is_file()
    code = "from orchestrator import api; print(api.frame('store', 'speeds')['speed'].sum())"
    assert python(folder, "-c", code).stdout == "3.0\n"


@pytest.mark.parametrize("show", [("broken",), ("all", "-o", "tables")])
def test_a_broken_one_is_named_where_it_is_asked_for(folder: Path, show: tuple[str, ...]) -> None:
    installed(folder, "eqc-broken", {GROUP: {"broken": "gone:table"}})
    done = eqc(folder, "report", "store", "--show", *show)
    assert done.returncode == Exit.NOT_READY
    assert done.stdout == ""
    assert f"eqc-broken 1.0, entry point broken = gone:table in {GROUP}" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / "tables").exists()
    done = eqc(folder, "report", "store", "--show", "missing")
    assert done.returncode == Exit.DONE, done.stderr


def test_one_that_is_no_function_is_named(folder: Path) -> None:
    installed(folder, "eqc-three", {GROUP: {"three": "three:TABLE"}}, three="TABLE = 3")
    done = eqc(folder, "report", "store", "--show", "three")
    assert done.returncode == Exit.NOT_READY
    assert "eqc-three 1.0" in done.stderr
    assert "not a function but int" in done.stderr


def test_a_name_of_ours_is_refused(folder: Path) -> None:
    installed(folder, "eqc-same", {GROUP: {"flags": "speeds:speeds"}}, speeds=SPEEDS)
    for words in (("--show", "flags"), ("--show", "missing")):
        done = eqc(folder, "report", "store", *words)
        assert done.returncode == Exit.NOT_READY
        assert "eqc-same 1.0" in done.stderr
        assert "table 'flags' is one of eqc's own" in done.stderr
