"""What the members of a partition are called, and what is said of one alone, in every format."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace

import pytest

from orchestrator.analysis.details import details
from orchestrator.analysis.findings import Findings
from orchestrator.cli.output import shown
from orchestrator.report.formats.csv_format import csv_text
from orchestrator.report.formats.explanation_text import explanation_text, predictions_text
from orchestrator.report.formats.json_format import json_report
from orchestrator.report.formats.junit import report_junit
from orchestrator.report.formats.latex import latex_text
from orchestrator.report.formats.markdown import markdown_text
from orchestrator.report.formats.text import plain_text
from orchestrator.report.html.page import html_text
from orchestrator.report.print_figures.registry import every_figure
from orchestrator.report.words import finding
from orchestrator.results.comparison import MEMBER, PLATFORM
from orchestrator.results.partitions import Summary
from tests.unit.analysis.explain.described import fingerprint
from tests.unit.analysis.records import A, B, record
from tests.unit.analysis.summarised import summarise
from tests.unit.report.everything import everything, of_members

HARDWARE = "4 platforms"
"""That of a member of many: these are platforms."""
TEXTS = (plain_text, markdown_text, latex_text, csv_text, report_junit)


@pytest.mark.parametrize("text", TEXTS)
def test_no_format_calls_other_members_platforms(text) -> None:
    assert "platform" not in text(of_members().summary).replace(HARDWARE, "")
    assert "member" not in text(everything().summary)


def sections(page: str) -> dict[str, str]:
    """What a reader sees of each section of a page, by its id; no attribute and no script."""
    parts = re.split(r'<section aria-labelledby="(\w+)">', page.split("<script", 1)[0])
    told = zip(parts[1::2], parts[2::2], strict=True)
    return {name: re.sub(r"<[^>]*>", " ", text).replace(HARDWARE, "") for name, text in told}


def test_a_page_calls_members_so_in_all_its_sections_but_those_of_hardware() -> None:
    found = of_members()
    told = sections(html_text(found.reported, details(found)))
    assert {name for name, text in told.items() if "platform" in text.lower()} == {"flags"}
    for name in ("explanation", "consequences", "layers", "dendrograms", "platforms", "measured"):
        assert "members" in told[name].lower(), name
    plain = everything()
    told = sections(html_text(plain.reported, details(plain)))
    assert not [name for name, text in told.items() if "member" in text.lower()]


def test_figures_call_members_so_in_titles_and_data() -> None:
    figures, absent = every_figure(shown(of_members()))
    words = [figure.title for figure in figures] + [" ".join(f.head) for f in figures] + [*absent]
    assert any("members part at conv" in text for text in words)
    assert any("one member only" in text for text in words)
    assert any("one member with" in text or "one member only" in text for text in words)
    assert not [text for text in words if "platform" in text and "order" not in text]
    order = "its order is that of platforms, and what is compared here is members"
    assert absent[:2] == (f"no figure 1: {order}", f"no figure 2: {order}")
    figures, absent = every_figure(shown(everything()))
    assert not [one for one in (*figures, *absent) if "member" in str(one)]


def test_explanations_and_predictions_call_members_so() -> None:
    found = of_members()
    text = explanation_text(found.explained(), found.noun)
    assert "2 classes of 2 members" in text
    assert "platform" not in text
    machine = fingerprint({"fpu", "sse2"}, 2)
    predicted = predictions_text(found.predictions(machine), found.noun)
    assert "members" in predicted
    assert "platform" not in predicted


ALONE = [record("local", [A]), record("far", [], status="failed")]


def only(compare: tuple[str, ...] = ("platform",)) -> Summary:
    return replace(summarise(ALONE[:1]), compare=compare)


@pytest.mark.parametrize("compare", [("platform",), ("threads",)])
@pytest.mark.parametrize("text", [plain_text, markdown_text, latex_text, report_junit, html_text])
def test_one_member_alone_is_compared_with_nothing(text, compare: tuple[str, ...]) -> None:
    summary = only(compare)
    written = text(summary)
    assert f"one {summary.noun.one} only, nothing to compare" in written
    assert "bits remain" not in written
    assert "1 class," not in written


def test_one_with_an_output_where_others_have_none_is_alone() -> None:
    (partition,) = summarise(ALONE).partitions
    assert finding(partition, MEMBER) == "one member with an output, nothing to compare, 1 missing"
    (partition,) = only().partitions
    assert finding(partition, PLATFORM) == "one platform only, nothing to compare"
    (two,) = summarise([*ALONE, record("near", [A])]).partitions
    assert finding(two, PLATFORM) == "1 class, 23 of 23 bits remain, 1 missing"


def test_sessions_that_disagree_are_compared_strictly_even_on_one_platform() -> None:
    varying = [record("p", [A]), record("p", [B], session=1)]
    (strict,) = summarise(varying, strict=True).partitions
    assert strict.alone is None
    assert "bits remain" in finding(strict, PLATFORM)
    (partition,) = summarise(varying).partitions
    assert finding(partition, PLATFORM).endswith("nothing to compare, 1 non-deterministic")


def test_programs_are_told_of_one_alone() -> None:
    (partition,) = json_report(only())["partitions"]
    assert partition["only_platform"] == "local"
    (partition,) = json_report(summarise([*ALONE, record("near", [A])]))["partitions"]
    assert "only_platform" not in partition
    junit = report_junit(only())
    assert "class 1 of 1" in junit
    assert "nothing to compare it with" in junit


def test_programs_find_members_under_their_heads() -> None:
    found: Findings = of_members()
    head = next(csv.reader(io.StringIO(csv_text(found.summary))))
    assert head[4] == "member"
    document = json.loads(json.dumps(json_report(found.summary)))
    assert document["compare"] == ["on"]
    assert document["members"] == ["numpy", "torch"]
