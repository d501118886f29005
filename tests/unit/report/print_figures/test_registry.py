from __future__ import annotations

import pytest

from orchestrator.analysis.findings import Findings
from orchestrator.cli.output import shown
from orchestrator.report.print_figures.drawing import FORMATS, rendered
from orchestrator.report.print_figures.registry import every_figure
from orchestrator.results.partitions import Summary
from tests.unit.analysis.records import A, record
from tests.unit.analysis.summarised import summarise
from tests.unit.report.print_figures.svg import texts
from tests.unit.report.summaries import FORMULA, HOSTILE, full


def from_summary(summary: Summary):
    found = Findings((), {})
    found.__dict__["summary"] = summary
    return every_figure(shown(found))


def test_an_empty_store_has_no_figure_and_says_so_for_each() -> None:
    figures, absent = from_summary(summarise((), ()))
    assert figures == ()
    assert len(absent) == 6
    assert [sentence.split(":")[0] for sentence in absent] == [
        "no figure 1",
        "no figure 2",
        "no figure 4",
        "no figure 5",
        "no figure 6",
        "no determinism figure",
    ]


def test_one_platform_with_one_session() -> None:
    found = Findings([record("only", [A])], {})
    figures, absent = every_figure(shown(found))
    assert [figure.name for figure in figures] == [
        "figure-1",
        "figure-6-net-digits_0-numpy_float32",
    ]
    assert all("only" in texts(figure) for figure in figures)
    assert len(absent) == 4


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("name", [HOSTILE, FORMULA, "$\\alpha$ $$", "_", "機械"])
def test_hostile_names_pass_through_every_figure(name: str, kind: str) -> None:
    figures, absent = from_summary(full(name))
    kinds = {figure.name.split("-net")[0] for figure in figures}
    assert kinds == {"figure-1", "figure-5", "figure-6", "determinism"}
    assert any("no floats" in sentence for sentence in absent)
    for figure in figures:
        assert rendered(figure, kind)
