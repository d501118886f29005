from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from orchestrator.report.print_figures.drawing import (
    FORMATS,
    chunks,
    legend,
    page,
    rendered,
    shown,
    ticks,
)
from orchestrator.report.print_figures.figure import StaticFigure
from tests.unit.report.print_figures.svg import root_of, texts
from tests.unit.report.summaries import HOSTILE

DOLLARS = "cost $a_1$ and ${x}^2$ \\frac"


def drawn(*names: str) -> StaticFigure:
    def draw() -> Figure:
        figure, (axes,) = page(2)
        lines = [axes.plot([0, 1], [0, row])[0] for row in range(len(names))]
        legend(axes, names, lines)
        return figure

    return StaticFigure("name", f"Title of {names[0]}", (), (), draw)


@pytest.mark.parametrize("kind", FORMATS)
def test_the_same_figure_gives_the_same_bytes(kind: str) -> None:
    assert rendered(drawn("a"), kind) == rendered(drawn("a"), kind)


def test_neither_the_users_settings_nor_the_time_show() -> None:
    before = rendered(drawn("a"), "svg")
    with mpl.rc_context({"font.size": 30, "lines.linewidth": 9, "text.parse_math": True}):
        settings = dict(mpl.rcParams)
        assert rendered(drawn("a"), "svg") == before
        assert dict(mpl.rcParams) == settings
    assert b"<dc:date>" not in before
    assert b"CreationDate" not in rendered(drawn("a"), "pdf")


def test_names_are_text_and_never_formulas_or_markup() -> None:
    written = texts(drawn(DOLLARS, "_hidden", HOSTILE))
    assert DOLLARS in written
    assert "_hidden" in written
    (hostile,) = (text for text in written if "script" in text)
    assert hostile.startswith("</script><script>")
    assert "\x1b" not in hostile
    assert "\u202e" not in hostile


def test_the_title_is_in_the_file() -> None:
    titles = [
        e.text for e in root_of(drawn("<b> & é")).iter("{http://purl.org/dc/elements/1.1/}title")
    ]
    assert titles[0] == "Title of <b> & é"


@pytest.mark.parametrize("kind", FORMATS)
def test_signs_that_the_font_lacks_are_written_as_their_code(kind: str) -> None:
    # A warning about a missing glyph would fail this test.
    assert rendered(drawn("機械 é"), kind)
    assert shown("機械 é") == "\\u6a5f\\u68b0 é"


def test_long_names_lose_their_middle() -> None:
    assert shown("a" * 60) == "a" * 60
    assert shown("start" + "-" * 100 + "end", 12) == "start-…--end"
    assert len(shown("x" * 1000)) == 60


def test_fonts_of_a_pdf_are_embedded_as_truetype(tmp_path: Path) -> None:
    if shutil.which("pdffonts") is None:
        pytest.skip("pdffonts (poppler-utils) is not installed")
    path = tmp_path / "figure.pdf"
    path.write_bytes(rendered(drawn("a"), "pdf"))
    done = subprocess.run(["pdffonts", path], capture_output=True, text=True, check=True)
    fonts = done.stdout.splitlines()[2:]
    assert fonts
    for font in fonts:
        assert re.search(r"DejaVuSans\S*\s+(CID )?TrueType\s+\S+\s+yes", font), font
    text = subprocess.run(["pdftotext", path, "-"], capture_output=True, text=True, check=True)
    assert "a" in text.stdout.split()


def test_ticks_end_at_the_last_bit() -> None:
    assert ticks(7) == [0, 1, 2, 3, 4, 5, 6, 7]
    assert ticks(10) == [0, 2, 4, 6, 8, 10]
    assert ticks(23) == [0, 5, 10, 15, 20, 23]
    assert ticks(52) == [0, 10, 20, 30, 40, 52]


def test_chunks_leave_nothing_out() -> None:
    assert list(chunks([1, 2, 3, 4, 5], 2)) == [(1, 2), (3, 4), (5,)]
    assert list(chunks([])) == []
