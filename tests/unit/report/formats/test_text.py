from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from orchestrator.report.escape import csv_cell, latex, markdown, plain
from orchestrator.report.formats.csv_format import HEAD, csv_text
from orchestrator.report.formats.latex import latex_text
from orchestrator.report.formats.markdown import markdown_text
from orchestrator.report.formats.text import plain_text
from orchestrator.report.registry import FORMATS
from orchestrator.report.terminal import TableReport
from orchestrator.results.partitions import Summary
from tests.unit.analysis.records import A, B, lacking, output, record
from tests.unit.analysis.summarised import summarise
from tests.unit.report.summaries import FORMULA, HOSTILE, full

REPORTS = {name: found.report for name, found in FORMATS.items() if found.report}
WIDE = [("漢字" * 10, "x" * 40), ("e\u0301" * 30, "x" * 30), ("漢e\u0301" * 10, "x" * 30)]
"""A name in other scripts, and one of letters that takes as many columns."""


def on_terminal(summary: Summary, width: int) -> str:
    console = Console(
        width=width, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    with console.capture() as captured:
        console.print(TableReport(summary))
    return captured.get()


def test_plain_text_shows_classes_missing_cells_and_what_is_not_silicon() -> None:
    lines = plain_text(full()).splitlines()
    rows = {line.split()[0]: line.split() for line in lines if line}
    assert rows["local"][-2:] == ["1", "1"]
    assert rows["varies"][-1] == "1*"
    assert rows["emulated/Haswell"] == ["emulated/Haswell", "emulated", "Haswell", "2"]
    assert rows["mask/avx"][1:4] == ["masked", "to", "avx:"]
    assert rows["silent"][-1] == "\N{EN DASH}[1]"
    text = "\n".join(lines)
    assert re.search(
        r"^a  net · digits:0 · numpy float32: 3 classes, \d+ of 23 bits remain, "
        r"2 missing, 1 non-deterministic$",
        text,
        re.MULTILINE,
    )
    assert "\N{EN DASH}[2] unsupported: illegal-instruction: SIGILL" in text
    assert "1 of 1 cell with several sessions varied between them; 4 more" in text


def test_what_could_not_be_recorded_is_told_from_what_is_missing() -> None:
    y, x = output(A, "output:y", 1), output(B, "output:x")
    records = [
        record("p", [y], unrecorded=[lacking("output:x"), lacking("output:z", 2, "a \x1b[2J")]),
        record("q", [y, x], unrecorded=[lacking("output:z", 2, "None")]),
        record("q2", [y, x], unrecorded=[lacking("output:z", 2, "None")]),
        record("r", [], status="failed", reason={"code": "signal", "message": "SIGILL"}),
    ]
    text = plain_text(summarise(records))
    assert "output:y: 1 class, 23 of 23 bits remain, 1 missing\n" in text
    assert "output:x: 1 class, 23 of 23 bits remain, 1 missing, 1 not recorded\n" in text
    assert "output:z: nothing observed, 1 missing, 3 not recorded\n" in text
    assert "] not recorded: strings are not recorded\n" in text
    text = plain_text(summarise(records[:3]))
    assert re.search("output:z: not recorded: None; a .*2J\n", text)
    assert "\x1b" not in text


REPORT_TEXTS = [plain_text, markdown_text, latex_text]


@pytest.mark.parametrize("form", REPORT_TEXTS)
def test_what_is_not_available_and_what_is_empty_is_explained(
    form: Callable[[Summary], str],
) -> None:
    """And a table without such cells says nothing of them."""
    no_mask = {"code": "no-switch", "message": "numpy has no mask avx"}
    records = [
        record("a", [A]),
        record("mask/avx", [], status="not-available", reason=no_mask),
        record("mask/avx", [A], given="digits:1"),
    ]
    said = form(summarise(records)).replace("\\", "")
    assert "n/a[1]" in said
    assert "not available: numpy has no mask avx" in said
    assert "n/a not available, so not missing" in said
    assert "Empty: not asked for." in said
    assert "1 not available" in said
    plain_one = form(summarise([record("a", [A]), record("b", [B])]))
    assert "n/a" not in plain_one
    assert "Empty" not in plain_one


def test_rows_with_a_reason_are_no_observations() -> None:
    died = {"code": "timeout", "message": "too long"}
    one = summarise([record("a", [A]), record("b", [], status="failed", reason=died)])
    heading = "2 platforms, 1 partition, 1 observation, 1 session without output"
    assert plain_text(one).splitlines()[0] == f"test: {heading}"
    assert f"{heading}." in markdown_text(one)
    assert (one.observations, one.without_output) == (1, 1)


def test_plain_columns_are_aligned() -> None:
    summary = summarise([record("漢字", [A]), record("abc", [B])])
    table = plain_text(summary).splitlines()[2:6]
    ends = {
        sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line) for line in table
    }
    assert len(ends) == 1


@pytest.mark.parametrize(("name", "as_wide"), WIDE, ids=["wide", "combining", "both"])
def test_columns_are_as_wide_as_the_names_look(name: str, as_wide: str) -> None:
    summaries = [summarise([record(each, [A]), record("abc", [B])]) for each in (name, as_wide)]
    plain, same = (plain_text(each).splitlines()[2:4] for each in summaries)
    assert plain == same
    shown, same_shown = (on_terminal(each, 200) for each in summaries)
    assert name in shown
    assert shown.replace(name, as_wide) == same_shown


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_terminal_table_fits_and_cuts_no_class(width: int) -> None:
    records = [record(p, [x], given=f"i{i}") for p, x in (("a", A), ("b", B)) for i in range(40)]
    text = re.sub(r"\x1b\[[0-9;]*m", "", on_terminal(summarise(records), width))
    assert max(len(line) for line in text.splitlines()) <= width
    assert "…" not in re.sub(r"^.*hardware.*$|no fing\S*", "", text, flags=re.MULTILINE)
    heads = [
        word
        for line in text.splitlines()
        if "platform " in line and "hardware" in line
        for word in line.split()[2:]
    ]
    assert heads == list(summarise(records).table.letters)


@pytest.mark.parametrize("name", [n for n in REPORTS if n != "json"])
def test_no_format_passes_controls_on(name: str) -> None:
    text = REPORTS[name](full(HOSTILE))
    if name == "csv":
        return
    assert not {c for c in text if unicodedata.category(c) in {"Cc", "Cf"}} - {"\n"}


def test_the_terminal_shows_hostile_names_as_text() -> None:
    text = on_terminal(full(HOSTILE), 400)
    assert "\x1b[2J" not in text
    assert r"\x1b[2J" in text
    assert "\u202e" not in text


def test_rich_markup_in_a_name_is_text() -> None:
    assert "[red]x[/red]" in on_terminal(summarise([record("[red]x[/red]", [A])]), 100)


def test_markdown_rows_have_as_many_cells_as_the_head() -> None:
    rows = [line for line in markdown_text(full(HOSTILE)).splitlines() if line.startswith("|")]
    assert len(rows) == 2 + 6
    cells = {len(re.findall(r"(?<!\\)\|", row)) for row in rows}
    assert cells == {5}
    assert "**1**" in rows[3]


@given(st.text())
def test_markdown_leaves_no_active_character(text: str) -> None:
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*_<>\[\]|]", markdown(text))


@given(st.text())
def test_latex_has_no_foreign_command(text: str) -> None:
    escaped = latex(text)
    known = (
        r"\\(?:textbackslash|textasciitilde|textasciicircum|textless|textgreater|textbar|"
        r"textquotedbl|textquotesingle|textasciigrave|textperiodcentered)\{\}|\\[{}$&#%_]"
        r"|(?<=-)\{\}(?=-)|(?<=,)\{\}(?=,)"
    )
    assert not set(re.sub(known, "", escaped)) & set("\\{}$&#%_~^")


def test_latex_table_has_as_many_cells_as_columns() -> None:
    text = latex_text(full(HOSTILE))
    rows = [line for line in text.splitlines() if line.endswith(r" \\")]
    assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {3}
    assert r"\begin{longtable}{llrr}" in latex_text(full())


def test_csv_holds_every_platform_of_every_partition_once() -> None:
    rows = list(csv.DictReader(io.StringIO(csv_text(full(FORMULA)))))
    assert list(rows[0]) == list(HEAD)
    first = [row for row in rows if row["input"] == "digits:0"]
    assert [row["platform"] for row in first] == [
        "silent",
        "local",
        "emulated/Haswell",
        f"'{FORMULA}",
        "varies",
        "emulated/Nehalem",
    ]
    silent = first[0]
    assert (silent["class_number"], silent["status"], silent["reason"]) == (
        "",
        "missing",
        "not observed",
    )
    assert {row["kind"] for row in first} >= {"hardware", "emulated", "masked"}


@given(st.text(min_size=1))
def test_no_csv_cell_is_a_formula(text: str) -> None:
    assert csv_cell(text)[0] not in "=+-@\t\r\n"


@given(st.text())
def test_plain_is_one_line(text: str) -> None:
    assert len(plain(text).splitlines()) <= 1


@pytest.mark.parametrize("name", list(REPORTS))
def test_nothing_observed_is_a_report_too(name: str) -> None:
    assert REPORTS[name](summarise([]))
