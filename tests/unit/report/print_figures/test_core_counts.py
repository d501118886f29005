from __future__ import annotations

from orchestrator.analysis.hardware.core_counts import HardwarePoint, core_counts
from orchestrator.report.print_figures.core_counts import _nodes, _places, core_count_figures
from orchestrator.report.print_figures.figure import StaticFigure
from orchestrator.results.layers import CoreCounts
from orchestrator.results.partitions import EqClass, Partition
from tests.unit.report.print_figures.svg import places, texts

PLACES = {
    "old-2": HardwarePoint(2, "old"),
    "old-4": HardwarePoint(4, "old"),
    "mid-2": HardwarePoint(2, "$mid$"),
    "mid-4": HardwarePoint(4, "$mid$"),
    "new-2": HardwarePoint(2, "new"),
    "new-4": HardwarePoint(4, "new"),
    "new-8": HardwarePoint(8, "new"),
}


def collapsed(*classes: tuple[str, ...]) -> CoreCounts:
    groups = tuple(EqClass(f"id{n}", n, names, ()) for n, names in enumerate(classes, start=1))
    return core_counts(Partition("w", "i", "v", "output", 1, 3, 23, groups, (), (), None), PLACES)


FOUND = collapsed(("old-2", "old-4"), ("mid-2",), ("new-2",), ("mid-4", "new-4", "new-8"))


def test_generations_counts_and_classes_are_written() -> None:
    (figure,) = core_count_figures([FOUND], "logical CPUs")
    assert isinstance(figure, StaticFigure)
    assert figure.title == "Figure 2, w · i · v: 3, 2, 1 classes at 2, 4, 8 logical CPUs"
    assert {"old", "$mid$", "new", "3 / 3", "2 / 3", "1 / 1"} <= set(texts(figure))
    found = places(figure)
    assert found["2"][0] < found["4"][0] < found["8"][0]
    assert ("w", "i", "v", "output", "logical CPUs", 4, "$mid$", "id4") in figure.rows
    assert len(figure.rows) == 7


def test_those_that_end_together_are_neighbours_and_meet() -> None:
    rows = _places(FOUND)
    assert abs(rows["$mid$"] - rows["new"]) == 1
    nodes = _nodes(FOUND, rows)
    assert nodes[2, "id2"].height != nodes[2, "id3"].height
    assert nodes[4, "id4"].members == tuple(sorted(("$mid$", "new"), key=rows.__getitem__))
    # A generation that is alone from there on continues straight.
    assert nodes[8, "id4"].members == ("new",)
    assert nodes[8, "id4"].line("new") == nodes[4, "id4"].line("new")


def test_a_generation_that_is_not_uniform_passes_through_all_its_classes() -> None:
    places_of_two = {**PLACES, "old-4b": HardwarePoint(4, "old")}
    groups = (
        EqClass("a", 1, ("old-2", "old-4", "new-2", "new-4"), ()),
        EqClass("b", 2, ("old-4b",), ()),
    )
    given = Partition("w", "i", "v", "output", 1, 3, 23, groups, (), (), None)
    (figure,) = core_count_figures([core_counts(given, places_of_two)], "logical CPUs")
    assert isinstance(figure, StaticFigure)
    assert "2 / 2" in texts(figure)


def test_no_figure_without_several_counts_or_generations() -> None:
    assert list(core_count_figures([collapsed(("old-2", "mid-2"))], "logical CPUs")) == []
    assert list(core_count_figures([collapsed(("old-2", "old-4"))], "logical CPUs")) == []


def test_too_many_generations_say_so() -> None:
    many = {f"p{n}-{c}": HardwarePoint(c, f"g{n}") for n in range(61) for c in (2, 4)}
    groups = (EqClass("a", 1, tuple(many), ()),)
    given = Partition("w", "i", "v", "output", 1, 3, 23, groups, (), (), None)
    (found,) = core_count_figures([core_counts(given, many)], "logical CPUs")
    assert found == "no figure 2 for w · i · v: 61 generations do not fit"
