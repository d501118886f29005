from __future__ import annotations

import csv
import io
import json
import math
import re
import unicodedata

import pytest
from rich.console import Console

from orchestrator.report.formats import Written
from orchestrator.report.formats.csv_format import table_csv
from orchestrator.report.formats.json_format import table_json
from orchestrator.report.formats.latex import table_latex
from orchestrator.report.formats.markdown import table_markdown
from orchestrator.report.formats.text import table_text
from orchestrator.report.registry import FORMATS, format_names
from orchestrator.report.terminal import AnalysisReport
from orchestrator.results.table import Column, ColumnKind, Table
from tests.unit.report.summaries import FORMULA, HOSTILE
from tests.unit.report.tables import NAMES, full


def test_plain_text_has_title_key_and_notes() -> None:
    lines = table_text(full()).splitlines()
    assert lines[0] == "A table of local"
    heads, rule, first, second, third = lines[2:7]
    assert heads.split() == ["platform", "size", "of", "local", "(bits)", "error", "splits", "a"]
    assert first.split() == ["local", "23", "0.333333", "yes", "1"]
    assert second.split() == ["[x]", "inf", "no", "1*"]
    assert third.split() == ["*x", "0", "\N{EN DASH}[1]"]
    assert set(rule) == {"-", " "}
    assert lines[8:] == [
        "a  net on local",
        "a note on local",
        "[1] failed: died",
        "Empty: not known, or not defined.",
    ]


@pytest.mark.parametrize(
    ("name", "as_wide"),
    [("漢字" * 9, "x" * 36), ("e\u0301" * 30, "x" * 30)],
    ids=["wide", "combining"],
)
def test_columns_are_as_wide_as_the_values_look(name: str, as_wide: str) -> None:
    def rendered(value: str) -> tuple[str, str]:
        columns = (Column("platform"), Column("size", ColumnKind.COUNT))
        table = Table("t", "T", columns, ((value, 1), ("abc", 20)))
        console = Console(width=100, file=io.StringIO(), force_terminal=True, color_system=None)
        with console.capture() as captured:
            console.print(AnalysisReport(table))
        return table_text(table), captured.get()

    shown = rendered(name)
    assert all(name in text for text in shown)
    assert tuple(text.replace(name, as_wide) for text in shown) == rendered(as_wide)


def test_csv_has_every_digit_and_no_notes() -> None:
    rows = list(csv.reader(io.StringIO(table_csv(full()))))
    assert rows[0] == ["platform", "size of local (bits)", "error", "splits", "net on local"]
    assert rows[1] == ["local", "23", repr(1 / 3), "yes", "1"]
    assert rows[2] == ["[x]", "", "inf", "no", "1*"]
    assert len(rows) == 4


def test_csv_guards_texts_but_not_numbers() -> None:
    columns = (Column("a"), Column("b"))
    text = table_csv(Table("t", "T", columns, ((FORMULA, -1), ("-x", -0.5))))
    assert list(csv.reader(io.StringIO(text)))[1:] == [[f"'{FORMULA}", "-1"], ["'-x", "-0.5"]]


def test_json_has_kinds_units_and_marks() -> None:
    text = table_json(full())
    document = json.loads(text, parse_constant=pytest.fail)
    assert (document["schema"], document["table"]) == (1, "sample")
    assert document["columns"][1] == {"name": "size of local", "kind": "count", "unit": "bits"}
    first, second, third = document["rows"]
    assert first[:4] == ["local", 23, 1 / 3, True]
    assert second[2] == "inf"
    assert float(second[2]) == math.inf
    assert (second[4]["class"], second[4]["nondeterministic"], second[4]["repeated"]) == (
        1,
        True,
        True,
    )
    assert (third[4]["class"], third[4]["footnote"]) == (None, 1)
    assert text.isascii()


def test_markdown_marks_first_occurrences() -> None:
    lines = table_markdown(full()).splitlines()
    assert lines[0] == "## A table of local"
    assert lines[3] == "| --- | --: | --: | --- | --: |"
    assert lines[4].endswith("| **1** |")
    assert lines[5].endswith("| 1\\* |")


def test_latex_marks_first_and_repeated_classes() -> None:
    text = table_latex(full())
    assert r"\textbf{1} \\" in text
    assert r"\textcolor{gray}{1*} \\" in text


@pytest.mark.parametrize("name", NAMES)
def test_rows_keep_their_width_whatever_the_names(name: str) -> None:
    marked = [line for line in table_markdown(full(name)).splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in marked} == {6}
    rows = [line for line in table_latex(full(name)).splitlines() if line.endswith(r" \\")]
    assert {len(re.findall(r"(?<!\\)&", line)) for line in rows} == {4}
    assert len(rows) == 4
    assert {len(row) for row in csv.reader(io.StringIO(table_csv(full(name))))} == {5}


@pytest.mark.parametrize("form", [form for form in format_names(Written.TABLE) if form != "csv"])
def test_no_format_passes_controls_on(form: str) -> None:
    write = FORMATS[form].table
    assert write is not None
    text = write(full(HOSTILE))
    assert not {c for c in text if unicodedata.category(c) in {"Cc", "Cf"}} - {"\n"}


@pytest.mark.parametrize("width", [60, 200])
def test_the_terminal_shows_everything_folded(width: int) -> None:
    console = Console(width=width, file=io.StringIO(), force_terminal=True, color_system="standard")
    with console.capture() as captured:
        console.print(AnalysisReport(full("gcloud/intel_sandy_bridge_16/Intel_Xeon__")))
    text = captured.get()
    bare = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert max(len(line) for line in bare.splitlines()) <= width
    assert re.search(r"\x1b\[1m *1\x1b\[0m", text)
    assert re.search(r"\x1b\[2m *1\*\x1b\[0m", text)


def test_a_format_of_tables_writes_reports_too() -> None:
    assert set(format_names(Written.TABLE)) < set(format_names(Written.REPORT))
