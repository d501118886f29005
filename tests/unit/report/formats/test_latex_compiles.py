"""Every LaTeX output is compiled by pdfLaTeX, in a document of a few lines."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from orchestrator.report.formats.latex import PREAMBLE, latex_text, table_latex
from orchestrator.results.table import Column, ColumnKind, Table
from tests.unit.analysis.records import A, record
from tests.unit.analysis.summarised import summarise
from tests.unit.report.summaries import full as full_summary
from tests.unit.report.tables import NAMES
from tests.unit.report.tables import full as full_table

pytestmark = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex here")

PACKAGES = [line.removeprefix("%").strip() for line in PREAMBLE if "usepackage" in line]


def compiled(folder: Path, *texts: str) -> str:
    """Compile a document of all ``texts`` and return its log; fails on the first LaTeX error."""
    for number, text in enumerate(texts):
        (folder / f"part{number}.tex").write_text(text, encoding="utf-8")
    parts = [rf"\input{{part{number}}}\clearpage" for number in range(len(texts))]
    lines = [r"\documentclass{article}", *PACKAGES, r"\begin{document}", *parts]
    (folder / "all.tex").write_text("\n".join([*lines, r"\end{document}", ""]), encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"],
        cwd=folder,
        capture_output=True,
        timeout=120,
    )
    log = done.stdout.decode(errors="replace")
    assert done.returncode == 0, log[-3000:]
    assert (folder / "all.pdf").is_file()
    return log


def test_the_preamble_names_every_package() -> None:
    assert PACKAGES[-1] == r"\usepackage{array,booktabs,longtable,xcolor}"
    for text in (latex_text(full_summary()), table_latex(full_table())):
        assert text.startswith("\n".join(PREAMBLE))


def test_reports_with_hostile_names(tmp_path: Path) -> None:
    compiled(tmp_path, *(latex_text(full_summary(name)) for name in NAMES))


def test_a_name_that_begins_a_row_is_no_argument(tmp_path: Path) -> None:
    names = ["a", "[1cm]x", "*", "[", "]"]
    compiled(tmp_path, latex_text(summarise([record(name, [A]) for name in names])))


def test_tables_with_hostile_names(tmp_path: Path) -> None:
    compiled(tmp_path, *(table_latex(full_table(name)) for name in NAMES))


def test_nothing_observed_and_no_rows(tmp_path: Path) -> None:
    empty = Table("empty", "Nothing", (Column("platform"), Column("k", ColumnKind.COUNT)), ())
    compiled(tmp_path, latex_text(summarise([])), table_latex(empty))


def test_every_character_that_is_passed_on_has_a_glyph(tmp_path: Path) -> None:
    letters = "".join(chr(code) for code in range(0x20, 0x250))
    compiled(tmp_path, table_latex(full_table(letters)))


def test_long_texts_are_broken_into_lines(tmp_path: Path) -> None:
    columns = tuple(Column(f"column {number}") for number in range(6))
    name = "gcloud/intel_sandy_bridge_16/Intel_Xeon__ " * 3
    text = table_latex(Table("wide", "Wide", columns, ((name,) * 6,) * 3))
    log = compiled(tmp_path, text)
    assert text.count(r"}p{") == 6
    assert "Overfull \\hbox (1" not in log
