"""The page as markup, and as a real browser sees it."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from orchestrator.analysis.summary import summarise
from orchestrator.report.html_report import html_text
from tests.unit.report.summaries import HOSTILE, full

VOID = {"meta", "link", "br", "input", "img", "hr"}


class Page(HTMLParser):
    """Elements, ids and texts; fails on elements that are not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def values(self, name: str) -> list[str]:
        return [value for _, attribute, value in self.attributes if attribute == name]


def without_scripts(text: str) -> str:
    return re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)


def test_elements_are_closed_and_links_lead_somewhere() -> None:
    page = Page(html_text(full()))
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    targets = {value.removeprefix("#") for value in page.values("href")}
    assert targets <= set(ids)
    named = {value for name in ("aria-labelledby", "for") for value in page.values(name)}
    assert named <= set(ids)


def test_nothing_is_fetched() -> None:
    page = Page(html_text(full()))
    assert "link" not in page.tags
    assert page.values("src") == []
    assert all(value.startswith("#") for value in page.values("href"))
    assert "url(" not in without_scripts(html_text(full()))


def test_hostile_names_add_no_element_and_no_attribute() -> None:
    tame, hostile = Page(html_text(full("tame"))), Page(html_text(full(HOSTILE)))
    assert tame.tags == hostile.tags
    names = [(tag, name) for tag, name, _ in tame.attributes]
    assert names == [(tag, name) for tag, name, _ in hostile.attributes]
    assert "\x1b" not in html_text(full(HOSTILE))


def test_says_what_is_not_silicon_and_what_is_missing_and_why() -> None:
    text = re.sub(r"<[^>]*>", "", without_scripts(html_text(full())))
    assert "emulated, not silicon: Haswell" in text
    assert "masked to avx" in text
    assert "illegal-instruction: SIGILL" in text
    assert "not observed" in text


def test_scrolling_regions_can_be_reached_by_keyboard() -> None:
    page = Page(html_text(full()))
    assert page.values("tabindex").count("0") == page.values("role").count("region") > 3


def test_plotly_is_left_out_where_there_is_nothing_to_draw() -> None:
    assert len(html_text(summarise([]))) < 50_000
    assert len(html_text(full())) > 1_000_000


@pytest.mark.slow
@pytest.mark.parametrize("scheme", [0, 1])
def test_a_browser_draws_the_figures_offline(tmp_path: Path, scheme: int) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    page = tmp_path / "page.html"
    # Errors would otherwise be seen by no one; and the filter is used as a person would.
    probe = """<script>
      const errors = [];
      addEventListener("error", (event) => errors.push(event.message));
      addEventListener("load", () => {
        const filter = document.getElementById("filter");
        filter.value = "HASWELL";
        filter.dispatchEvent(new Event("input"));
        document.title = JSON.stringify({
          errors, shown: document.getElementById("shown").textContent,
          plots: document.querySelectorAll(".js-plotly-plot .main-svg").length > 0,
          upload: document.querySelectorAll('[data-title*="hare"], [aria-label*="hare"]').length,
        });
      });
    </script></head>"""
    page.write_text(html_text(full(HOSTILE)).replace("</head>", probe, 1))
    quiet = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
    quiet += ["--disable-background-networking", "--disable-component-update"]
    command = [chromium, "--headless", "--no-sandbox", *quiet, f"--user-data-dir={tmp_path / 'u'}"]
    command += [f"--blink-settings=preferredColorScheme={scheme}", "--virtual-time-budget=8000"]
    done = subprocess.run(
        [*command, "--dump-dom", page.as_uri()], capture_output=True, timeout=120, check=False
    )
    title = re.search(r"<title>(.*?)</title>", done.stdout.decode(errors="replace"), re.DOTALL)
    assert title is not None, done.stderr.decode(errors="replace")[-2000:]
    assert title[1] == '{"errors":[],"shown":"1 of 6 shown","plots":true,"upload":0}'
