"""A format of another distribution, through the command line as a process."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import Exit
from orchestrator.store.run_folder import RunFolder
from tests.distributions import eqc, installed
from tests.unit.store.records import cell, plan

GROUP = "eqc_orchestrator.formats"
COUNTED = """
from orchestrator.api import Format

FORMAT = Format(
    "counted",
    ".count",
    report=lambda summary: f"{len(summary.platforms)} platforms",
    table=lambda table: f"{table.name}: {len(table.rows)} rows\\n",
    difference=lambda difference: f"{len(difference.partitions)} partitions",
)
"""
WITH_DETAILS = """
from orchestrator.api import Format

FORMAT = Format("detailed", ".txt", page=lambda summary, details: details.layers.absent)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a store of a run in which two platforms are planned and none was observed yet."""
    asked = plan(cell("a"), cell("b"))
    with RunFolder.open(tmp_path / "store", asked, fresh=False) as run:
        run.write_plan(asked, ["eqc"])
    return tmp_path


def test_it_writes_reports_tables_and_differences(folder: Path) -> None:
    installed(folder, "eqc-counted", {GROUP: {"counted": "counted:FORMAT"}}, counted=COUNTED)
    for command in ("report", "diff"):
        shown = "".join(eqc(folder, command, "--help").stdout.split())
        assert "counted|" in shown
    done = eqc(folder, "report", "store", "--format", "counted")
    assert (done.returncode, done.stdout) == (Exit.DONE, "2 platforms\n")
    done = eqc(folder, "report", "store", "--format", "counted", "--show", "missing")
    assert done.stdout == "missing: 2 rows\n"
    eqc(folder, "report", "store", "--format", "counted", "--show", "all", "-o", "tables")
    assert (folder / "tables/missing.count").read_text() == "missing: 2 rows\n"
    done = eqc(folder, "diff", "store", "store", "--format", "counted")
    assert done.stdout == "1 partitions\n", done.stderr


def test_one_may_ask_for_what_a_page_has(folder: Path) -> None:
    points = {GROUP: {"detailed": "detailed:FORMAT"}}
    installed(folder, "eqc-detailed", points, detailed=WITH_DETAILS)
    done = eqc(folder, "report", "store", "--format", "detailed")
    assert done.stdout == "No layer was recorded: set `observe: {layers: true}`.\n"
    done = eqc(folder, "report", "store", "--format", "detailed", "--show", "missing")
    assert done.returncode == Exit.BAD_SPEC
    assert "--show missing has no --format detailed; it has csv, json, latex" in done.stderr
    done = eqc(folder, "diff", "store", "store", "--format", "detailed")
    assert done.returncode == Exit.BAD_SPEC
    assert "--format detailed writes no difference" in done.stderr


@pytest.mark.parametrize("words", [("report", "store"), ("diff", "store", "store")])
def test_a_broken_one_is_named_where_it_is_asked_for(folder: Path, words: tuple[str, ...]) -> None:
    installed(folder, "eqc-broken", {GROUP: {"broken": "broken:FORMAT"}}, broken="1 / 0")
    done = eqc(folder, *words, "--format", "broken")
    assert done.returncode == Exit.NOT_READY
    assert f"eqc-broken 1.0, entry point broken = broken:FORMAT in {GROUP}" in done.stderr
    assert "ZeroDivisionError" in done.stderr
    assert "Traceback" not in done.stderr
    assert eqc(folder, *words, "--format", "json").returncode != Exit.NOT_READY


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("json", COUNTED, "format 'json' is one of eqc's own"),
        ("other", COUNTED, "the Format calls itself 'counted'"),
        ("plain", "FORMAT = str", "not a Format but type"),
    ],
)
def test_what_is_no_format_is_refused(folder: Path, name: str, text: str, says: str) -> None:
    installed(folder, "eqc-odd", {GROUP: {name: "odd:FORMAT"}}, odd=text)
    done = eqc(folder, "report", "store", "--format", name)
    assert done.returncode == Exit.NOT_READY
    assert "eqc-odd 1.0" in done.stderr
    assert says in done.stderr
