from __future__ import annotations

from orchestrator.report.print_figures.figure import StaticFigure
from orchestrator.report.print_figures.multiplications import size_figures
from orchestrator.results.layers import SizeRow
from tests.unit.report.print_figures.svg import places, texts


def row(workload: str, size: int | None, variant: str = "v", given: str = "i") -> SizeRow:
    return SizeRow(workload, given, variant, "output", size, 4, 2, 10, 23)


SERIES = {"a": "conv kernel=3", "b": "conv kernel=3", "c": "$other$"}


def test_workloads_of_one_series_are_one_line_on_a_logarithmic_axis() -> None:
    rows = [row("a", 900), row("b", 2_000_000), row("c", 30_000)]
    (figure,) = size_figures(rows, SERIES)
    assert isinstance(figure, StaticFigure)
    assert (figure.name, figure.title) == (
        "figure-4-v",
        "Figure 4, v: 3 numbers of multiplications, 900 to 2,000,000",
    )
    written = texts(figure)
    assert {"conv kernel=3", "$other$", "classes", "remaining bits"} <= set(written)
    found = places(figure)
    assert "10²" in found
    assert "10⁷" in found
    step = found["10³"][0] - found["10²"][0]
    assert abs(found["10⁷"][0] - found["10⁶"][0] - step) < 0.1
    assert [(r[0], r[1], r[5]) for r in figure.rows] == [
        ("conv kernel=3", "a", 900),
        ("conv kernel=3", "b", 2_000_000),
        ("$other$", "c", 30_000),
    ]


def test_each_input_and_each_variant_apart() -> None:
    rows = [
        row("a", size, variant, given) for size in (10, 20) for variant in "vw" for given in "ij"
    ]
    first, second = size_figures(rows, {})
    assert isinstance(first, StaticFigure)
    assert isinstance(second, StaticFigure)
    assert (first.name, second.name) == ("figure-4-v", "figure-4-w")
    assert {"a · i", "a · j"} <= set(texts(first))


def test_without_two_sizes_there_is_no_figure_and_a_reason() -> None:
    assert list(size_figures([row("a", 7), row("b", 7)], {})) == [
        "no figure 4: all computations have equally many multiplications"
    ]
    for rows in ([], [row("a", None)]):
        assert list(size_figures(rows, {})) == [
            "no figure 4: no record says how many multiplications there are"
        ]
