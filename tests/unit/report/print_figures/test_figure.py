from __future__ import annotations

import csv
import io
from dataclasses import replace

from matplotlib.figure import Figure

from orchestrator.report.print_figures.figure import StaticFigure, data_text, file_name, told_apart
from tests.unit.report.summaries import FORMULA, HOSTILE


def figure(name: str, *rows: tuple[str | int | None, ...]) -> StaticFigure:
    return StaticFigure(name, "title", ("a", "b"), rows, Figure)


def test_data_has_a_header_empty_cells_and_no_formula() -> None:
    text = data_text(figure("f", (1, None), (FORMULA, "x\ny")))
    assert text.endswith("\r\n")
    assert list(csv.reader(io.StringIO(text))) == [
        ["a", "b"],
        ["1", ""],
        [f"'{FORMULA}", "x\\ny"],
    ]


def test_file_names_are_harmless_and_not_too_long() -> None:
    assert file_name("figure-6", "net", "digits:0") == "figure-6-net-digits_0"
    assert file_name("figure-6", "../../etc/passwd") == "figure-6-etc_passwd"
    hostile = file_name("figure-6", HOSTILE, HOSTILE * 10)
    assert len(hostile) <= 100
    assert set(hostile) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
    assert file_name("figure-6", "名") == "figure-6"


def test_equal_names_are_told_apart_whatever_the_file_system() -> None:
    found = told_apart([figure("a"), figure("A"), figure("b"), figure("a")])
    assert [each.name for each in found] == ["a", "A-2", "b", "a-3"]
    assert found[2] == replace(figure("b"), draw=found[2].draw)
