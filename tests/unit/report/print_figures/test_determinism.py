from __future__ import annotations

from orchestrator.report.print_figures.determinism import determinism_figure
from orchestrator.report.print_figures.figure import StaticFigure
from orchestrator.results.partitions import Determinism, Variation
from tests.unit.report.print_figures.svg import texts


def variation(platform: str, *counts: int) -> Variation:
    outputs = tuple((f"id{place}", count) for place, count in enumerate(counts))
    return Variation(platform, "w", "i", "v", "output", outputs, 7)


def test_cells_that_vary_most_come_first() -> None:
    found = Determinism(9, 5, (variation("$a$", 2, 1), variation("b", 3, 2, 1)))
    figure = determinism_figure(found)
    assert isinstance(figure, StaticFigure)
    assert figure.title == "2 of 5 cells with several sessions varied between them"
    assert [(row[0], row[5], row[6]) for row in figure.rows] == [
        ("b", "id0", 3),
        ("b", "id1", 2),
        ("b", "id2", 1),
        ("$a$", "id0", 2),
        ("$a$", "id1", 1),
    ]
    assert "$a$" in texts(figure)


def test_what_does_not_fit_is_said_and_still_in_the_data() -> None:
    figure = determinism_figure(
        Determinism(99, 99, tuple(variation(f"p{n}", 1, 1) for n in range(70)))
    )
    assert isinstance(figure, StaticFigure)
    written = texts(figure)
    assert "60 of 70 cells that varied" in written
    assert "p59" in written
    assert "p60" not in written
    assert len(figure.rows) == 140


def test_no_figure_says_why() -> None:
    assert determinism_figure(Determinism(4, 0, ())) == (
        "no determinism figure: no cell has several sessions"
    )
    assert determinism_figure(Determinism(4, 3, ())) == (
        "no determinism figure: none of 3 cells varied between sessions"
    )
