"""The HTML page in a real browser: a study with 65 machines, and a small run of our own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.analysis.details import details
from orchestrator.report.html.page import html_text
from tests.e2e.browser import Tab, chromium
from tests.e2e.running import SMALL, eqc, written
from tests.unit.report.everything import everything
from tests.unit.report.summaries import HOSTILE

pytestmark = pytest.mark.browser

LOOKS = [(1300, False), (1300, True), (400, False), (400, True)]
SCROLL = """new Promise(async (done) => {
  document.querySelectorAll("details").forEach((box) => { box.open = true; });
  for (let y = 0; y < document.body.scrollHeight; y += 600) {
    scrollTo(0, y);
    await new Promise((next) => setTimeout(next, 40));
  }
  done();
})"""


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with chromium(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page that ``eqc run`` writes."""
    folder = tmp_path_factory.mktemp("small")
    kept = SMALL.replace("layers: true", "layers: true, keep: all")
    done = eqc("run", written(folder, kept), "--isolation", "process", cwd=folder)
    assert done.returncode == 0, done.stderr
    (page,) = folder.glob("results/*/*/report/index.html")
    return page


@pytest.fixture(scope="module")
def study(study_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the study's 65 machines, made by ``eqc import`` and ``eqc report``."""
    folder = tmp_path_factory.mktemp("study")
    source = study_data / "equivalence_classes"
    assert eqc("import", "innfrastructure", source, "--into", "s", cwd=folder).returncode == 0
    page = folder / "page.html"
    done = eqc("report", "s", "--format", "html", "-o", page, cwd=folder)
    assert done.returncode == 0, done.stderr
    return page


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with every section filled and a hostile name in it."""
    found = everything(HOSTILE)
    page = tmp_path_factory.mktemp("whole") / "page.html"
    page.write_text(html_text(found.summary, details(found)))
    return page


@pytest.fixture(params=["small", "study", "whole"])
def page(request: pytest.FixtureRequest) -> Path:
    path: Path = request.getfixturevalue(request.param)
    return path


@pytest.mark.parametrize(("width", "dark"), LOOKS)
def test_all_is_drawn_without_a_complaint_a_request_or_sideways_scrolling(
    tab: Tab, page: Path, width: int, dark: bool
) -> None:
    tab.open(page, width=width, dark=dark)
    tab.run(SCROLL)
    tab.until(
        "[...document.querySelectorAll('[data-figure]')].every((p) => p.querySelector('.main-svg'))"
    )
    assert tab.run("document.querySelectorAll('[data-figure]').length") > 0
    assert tab.run("document.documentElement.scrollWidth") <= width
    assert tab.complaints() == []
    assert tab.requests() == []
    upload = ".modebar [data-title*=hare], .modebar [data-title*=tudio]"
    assert tab.run(f"document.querySelectorAll('{upload}').length") == 0
    background = tab.run("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, background[4:-1].split(","))) < 300) == dark


@pytest.mark.parametrize(("width", "dark"), LOOKS)
def test_axe_finds_no_violation(tab: Tab, whole: Path, width: int, dark: bool) -> None:
    """Contrast, names, headings, regions: the rules of WCAG 2.1 A and AA that axe can check.

    The page has every kind of section, all unfolded. The insides of figures are left out: each has
    a table with the same data.
    """
    axe = pytest.importorskip("axe_core_python", reason="axe-core-python is not installed")
    tab.open(whole, width=width, dark=dark)
    tab.run(SCROLL)
    tab.run((Path(axe.__file__).parent / "axe.min.js").read_text() + "; 0")
    found = json.loads(
        tab.run(
            "axe.run({exclude: ['.svg-container']}, {resultTypes: ['violations'],"
            " runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']})"
            ".then((result) => JSON.stringify(result.violations.map((one) =>"
            " [one.id, one.nodes.length, one.nodes[0].html.slice(0, 200)])))"
        )
    )
    assert found == []


def test_the_filter_leaves_the_rows_that_hold_every_word(tab: Tab, study: Path) -> None:
    tab.open(study)
    tab.run("document.getElementById('filter').focus()")
    tab.call("Input.insertText", text="GCLOUD milan")
    visible = tab.run(
        "[...document.querySelectorAll('#class-table tbody tr')].filter((r) => !r.hidden)"
        ".map((r) => r.cells[0].textContent)"
    )
    assert len(visible) == 5
    assert all("milan" in name for name in visible)
    assert tab.run("document.getElementById('shown').textContent") == "5 of 65 shown"


def test_a_keyboard_reaches_everything_and_sees_where_it_is(tab: Tab, small: Path) -> None:
    tab.open(small)
    tab.press("Tab", 9)
    assert tab.run("document.activeElement.className") == "skip"
    assert tab.run("document.activeElement.getBoundingClientRect().left") > 0
    tab.press("Enter", 13)
    assert tab.run("location.hash") == "#classes"
    tab.press("Tab", 9)
    assert tab.run("document.activeElement.id") == "filter"
    assert tab.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    closed = "document.querySelector('details:not([open]) > summary')"
    tab.run(f"(window.box = {closed}).focus()")
    tab.press("Enter", 13)
    assert tab.run("window.box.parentElement.open") is True


def test_every_table_can_be_saved_as_csv_and_as_json(tab: Tab, whole: Path) -> None:
    tab.open(whole)
    tab.run(
        "window.saved = []; URL.createObjectURL = (blob) => {"
        " window.saved.push(blob.text()); return '#'; };"
        " HTMLAnchorElement.prototype.click = () => {}; 0"
    )
    tables = tab.run("document.querySelectorAll('table').length")
    count = tab.run(
        "[...document.querySelectorAll('.save button, [data-save]')]"
        ".map((button) => button.click()).length"
    )
    assert count == 2 * tables
    texts = tab.run("Promise.all(window.saved)")
    assert len(texts) == count
    for as_csv, as_json in zip(texts[0::2], texts[1::2], strict=True):
        assert json.loads(as_json)
        assert not any(line.startswith(("=", "+", "@")) for line in as_csv.splitlines())
    consequences = next(json.loads(text) for text in texts[1::2] if "largest relative" in text)
    exact = everything()
    pair = details(exact).consequences.items[0].pairs[0]
    row = next(one for one in consequences if one["classes"] == f"{pair.a} and {pair.b}")
    assert row["largest relative error"] == pair.largest_relative, "not rounded as on the page"


def test_the_page_can_be_read_without_a_script(tab: Tab, whole: Path) -> None:
    tab.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        tab.open(whole, width=400)
        assert tab.run("document.querySelectorAll('table').length") > 10
        assert tab.run("document.querySelector('.controls').hidden") is True
    finally:
        tab.call("Emulation.setScriptExecutionDisabled", value=False)
