"""The page's markup; tests/e2e/test_page.py tests the page in a browser."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

from orchestrator.analysis.details import details
from orchestrator.analysis.findings import Findings
from orchestrator.report.html.page import html_text
from orchestrator.results.fingerprint import Cpu, Fingerprint, PresentedCpu, Silicon
from tests.unit.analysis.records import A, B, lacking, output, record
from tests.unit.analysis.summarised import summarise
from tests.unit.report.everything import everything
from tests.unit.report.summaries import HOSTILE, full

VOID = {"meta", "link", "br", "input", "img", "hr"}
SECTIONS = (
    "partitions",
    "classes",
    "dendrograms",
    "explanation",
    "consequences",
    "layers",
    "cores",
    "sizes",
    "determinism",
    "platforms",
    "flags",
    "missing",
    "measured",
)


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


def page(extra: str = "new large") -> str:
    found = everything(extra)
    return html_text(found.summary, details(found))


def without_scripts(text: str) -> str:
    return re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)


def words(text: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", without_scripts(text)).split())


def test_elements_are_closed_and_links_lead_somewhere() -> None:
    for text in (html_text(full()), page()):
        found = Page(text)
        ids = found.values("id")
        assert len(ids) == len(set(ids))
        targets = {value.removeprefix("#") for value in found.values("href")}
        assert targets <= set(ids)
        named = {value for name in ("aria-labelledby", "for") for value in found.values(name)}
        assert named <= set(ids)


def test_every_analysis_has_a_section_that_is_linked() -> None:
    found = Page(page())
    assert found.values("aria-labelledby") == list(SECTIONS)
    assert {f"#{name}" for name in SECTIONS} <= set(found.values("href"))


def test_every_figure_has_its_data_and_a_table() -> None:
    text = page()
    found = Page(text)
    match = re.search(r'id="figures">(.*?)</script>', text, re.DOTALL)
    assert match is not None
    figures = json.loads(match[1])
    places = found.values("data-figure")
    assert sorted(places) == sorted(figures)
    kinds = {name.split("-")[0] for name in figures}
    assert kinds == {"dendrograms", "consequences", "layers", "cores", "sizes"}
    folded = re.findall(
        r'class="figure".*?</div>\s*(?:<div class="figure".*?</div>\s*)*<details class="table">',
        text,
        re.DOTALL,
    )
    assert sum(part.count('class="figure"') for part in folded) == len(places)


def test_every_table_has_heads_with_a_scope_and_a_name_of_its_own() -> None:
    found = Page(page())
    assert all("scope" in dict(attrs) for attrs in heads(page()))
    names = found.values("data-name")
    assert len(names) == len(set(names)) == found.tags.count("table") - 1, "all but the class table"


def heads(text: str) -> list[list[tuple[str, str | None]]]:
    found: list[list[tuple[str, str | None]]] = []

    class Heads(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag == "th":
                found.append(attrs)

    Heads().feed(text)
    assert found
    return found


def test_nothing_is_fetched() -> None:
    for text in (html_text(full()), page()):
        found = Page(text)
        assert "link" not in found.tags
        assert found.values("src") == []
        assert all(value.startswith("#") for value in found.values("href"))
        assert "url(" not in without_scripts(text)


def test_hostile_names_add_no_element_and_no_attribute() -> None:
    for make in (lambda name: html_text(full(name)), page):
        tame, hostile = Page(make("tame")), Page(make(HOSTILE))
        assert tame.tags == hostile.tags
        names = [(tag, name) for tag, name, _ in tame.attributes]
        assert names == [(tag, name) for tag, name, _ in hostile.attributes]
        assert "\x1b" not in make(HOSTILE)


def test_says_what_is_not_silicon_and_what_is_missing_and_why() -> None:
    text = words(html_text(full()))
    assert "emulated, not silicon: Haswell" in text
    assert "masked to avx" in text
    assert "illegal-instruction: SIGILL" in text
    assert "not observed" in text


def test_says_which_silicon_a_presented_cpu_is() -> None:
    shown = PresentedCpu("this,-fma", host=Silicon(brand="EPYC 9B45"))
    seen = Fingerprint(presented=shown, cpu=Cpu(flags=("avx",), brand="Core Processor"))
    found = Findings([record("cpuid/this,-fma", [A], fingerprint="p")], {"p": seen})
    text = words(html_text(found.summary, details(found)))
    assert "presented as itself,-fma, silicon: EPYC 9B45" in text


def test_says_why_an_analysis_is_empty_and_how_to_have_it() -> None:
    found = Findings([record("p", [A]), record("q", [B])], {})
    text = html_text(found.summary, details(found))
    said = words(text)
    assert "No final tensors were kept: set observe: {keep: final} ." in said
    assert "No layer was recorded: set observe: {layers: true} ." in said
    assert "No platform's CPU flags are known." in said.replace("&#39;", "'")
    assert "No record says how many multiplications there are." in said
    assert "<code>observe: {layers: true}</code>" in text


def test_layers_and_outputs_that_could_not_be_recorded_have_their_reasons() -> None:
    y = output(A, "output:y", 1)
    said = [lacking("output:x"), lacking("lstm", 1, "a handle of the framework")]
    only = [record("p", [y], unrecorded=said), record("q", [y], unrecorded=said)]
    recorded = [output(A, "conv", 0), output(B, "relu", 2)]
    some = [record(platform, [y, *recorded], unrecorded=said) for platform in "pq"]
    for records, heading in ((only, "no layer could be recorded"), (some, "agree in all")):
        found = Findings(records, {})
        text = html_text(found.summary, details(found))
        Page(text)
        assert heading in words(text)
        assert "1 layer could not be recorded: the table says why." in words(text)
        assert "a handle of the framework" in text
        assert "not recorded: strings are not recorded" in words(text)


def test_scrolling_regions_can_be_reached_by_keyboard() -> None:
    for text in (html_text(full()), page()):
        found = Page(text)
        assert found.values("tabindex").count("0") == found.values("role").count("region") > 3


def test_plotly_is_left_out_where_there_is_nothing_to_draw() -> None:
    assert len(html_text(summarise([]))) < 50_000
    assert len(html_text(full())) > 1_000_000


def test_members_that_are_not_platforms_are_not_called_so() -> None:
    text = html_text(replace(full(), compare=("on", "threads")))
    assert "Filter members" in text
    assert "members share" in text
    assert 'id="cores"' not in text
    assert "Filter platforms" not in text
    assert "Filter platforms" in html_text(full())
