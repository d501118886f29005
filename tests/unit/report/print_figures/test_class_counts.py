from __future__ import annotations

from orchestrator.report.print_figures.class_counts import class_count_figures
from orchestrator.results.partitions import ClassCounts, CountCurve, CountedPlatform
from tests.unit.report.print_figures.svg import places, texts


def platforms(number: int) -> tuple[CountedPlatform, ...]:
    return tuple(
        CountedPlatform(f"p{place}", "Intel" if place else None, f"gen {place // 10}", 2)
        for place in range(number)
    )


def curve(workload: str, given: str, *counts: int) -> CountCurve:
    return CountCurve(workload, given, "v", "output", counts, counts)


def test_inputs_that_count_alike_are_one_line() -> None:
    curves = (curve("net", "0", 1, 2), curve("net", "1", 1, 2), curve("net", "2", 1, 1))
    (figure,) = class_count_figures([ClassCounts(platforms(2), curves)])
    written = texts(figure)
    assert {"net · 0, 1", "net · 2", "p0", "p1"} <= set(written)
    assert figure.title == "Figure 1: up to 2 classes as 2 platforms are added one by one"
    assert [row[4:] for row in figure.rows[:2]] == [
        (1, "p0", None, "gen 0", 2, 1, 1),
        (2, "p1", "Intel", "gen 0", 2, 2, 2),
    ]
    assert len(figure.rows) == 6


def test_more_lines_than_can_be_told_apart_are_shared_by_workloads_that_count_alike() -> None:
    curves = tuple(curve(f"net{number}", "0", 1, 1 + number % 2) for number in range(12))
    (figure,) = class_count_figures([ClassCounts(platforms(2), curves)])
    assert {"net0 · and 5 more", "net1 · and 5 more"} <= set(texts(figure))
    assert len(figure.rows) == 24


def test_still_too_many_lines_are_several_figures() -> None:
    curves = tuple(curve(f"net{number}", "0", *([1] * 9 + [number + 1])) for number in range(9))
    found = list(class_count_figures([ClassCounts(platforms(10), curves)]))
    assert [len(figure.rows) for figure in found] == [80, 10]


def test_many_platforms_are_named_by_generation() -> None:
    given = ClassCounts(platforms(40), (curve("net", "0", *range(1, 41)),))
    (figure,) = class_count_figures([given])
    found = places(figure)
    names = ["gen 0", "Intel gen 0", "gen 1", "gen 2", "gen 3"]
    assert sorted(names, key=lambda name: found[name][0]) == names
    assert "p3" not in found
    assert texts(figure).count("2") >= 40  # the cores of each
    (large,) = class_count_figures(
        [ClassCounts(platforms(500), (curve("net", "0", *range(1, 501)),))]
    )
    assert texts(large).count("2") == 0


def test_one_platform() -> None:
    (figure,) = class_count_figures([ClassCounts(platforms(1), (curve("n", "0", 1),))])
    assert "p0" in texts(figure)


def test_nothing() -> None:
    assert list(class_count_figures([])) == []
