from __future__ import annotations

import pytest

from orchestrator.report.print_figures.dendrograms import dendrogram_figures
from orchestrator.report.print_figures.figure import StaticFigure
from orchestrator.results.partitions import Branch, EqClass, Missing, Partition
from tests.unit.report.print_figures.svg import places, segments, texts, vertical_at
from tests.unit.report.summaries import HOSTILE


def leaf(number: int, bits: int = 23) -> Branch:
    return Branch(bits, (number,))


def partition(
    tree: Branch | None, *members: tuple[str, ...], bits: int = 23, absent: tuple[str, ...] = ()
) -> Partition:
    groups = tuple(EqClass(f"{n}", n, names, ()) for n, names in enumerate(members, start=1))
    missing = tuple(Missing(name, "failed", "x") for name in absent)
    varying = (members[0][0],) if members else ()
    left = None if tree is None else tree.precision
    return Partition("w", "i", "v", "output", 1, left, bits, groups, varying, missing, tree)


def figure(given: Partition) -> StaticFigure:
    (found,) = dendrogram_figures([given])
    assert isinstance(found, StaticFigure)
    return found


def test_a_float_without_a_mantissa_is_drawn_all_the_same() -> None:
    tree = Branch(0, (1, 2), (leaf(1, 0), leaf(2, 0)))
    assert {"a*", "b"} <= set(texts(figure(partition(tree, ("a",), ("b",), bits=0))))


TREE = Branch(5, (1, 2, 3), (Branch(12, (1, 3), (leaf(1), leaf(3))), leaf(2)))
MEMBERS = (("a", "b"), ("c",), ("d", "e", "f"))


def test_bars_stand_at_the_bits_that_are_shared() -> None:
    # The last bit joins the platforms of one class.
    assert vertical_at(figure(partition(TREE, *MEMBERS)), 0, 20) >= {5.0, 12.0, 23.0}
    narrow = Branch(3, (1, 2), (leaf(1, 10), leaf(2, 10)))
    found = vertical_at(figure(partition(narrow, ("a",), ("b",), bits=10)), 0, 10)
    assert 3.0 in found
    assert not found & {5.0, 12.0}


def test_every_platform_is_a_leaf_in_the_order_of_the_tree() -> None:
    found = figure(partition(TREE, *MEMBERS))
    rows = places(found)
    names = ["a*", "b", "d", "e", "f", "c"]
    assert sorted(names, key=lambda name: rows[name][1]) == names
    # A line past the last bit ends at the height of each name.
    ends = {round(y1) for x1, y1, x2, y2 in segments(found) if y1 == y2 and x2 > x1}
    assert len(ends) >= len(names)
    assert {"1", "2", "3"} <= set(texts(found))


def test_the_data_is_enough_to_draw_it_again() -> None:
    rows = [row[5:] for row in figure(partition(TREE, *MEMBERS)).rows]
    assert rows == [
        ("1 2 3", 5, 0, None),
        ("1 3", 12, 5, None),
        ("1", 23, 12, "a"),
        ("1", 23, 12, "b"),
        ("3", 23, 12, "d"),
        ("3", 23, 12, "e"),
        ("3", 23, 12, "f"),
        ("2", 23, 5, "c"),
    ]


def test_one_platform_and_hostile_names_are_drawn() -> None:
    names = (HOSTILE, "$x_1$ costs $5")
    written = texts(figure(partition(leaf(1), names)))
    assert "$x_1$ costs $5" in written
    alone = texts(figure(partition(leaf(1), ("only",), absent=("gone",))))
    assert "only*" in alone
    assert "1 platform without output not shown" in alone


def test_many_platforms_are_drawn_as_classes() -> None:
    many = tuple(f"p{number:03}" for number in range(100))
    tree = Branch(5, (1, 2), (leaf(1), leaf(2)))
    written = texts(figure(partition(tree, many, ("alone",))))
    assert "100 platforms: p000 …" in written
    assert "1 platform: alone …" in written
    assert "p001" not in written


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (partition(None, ("a",), ("b",)), "its outputs are no floats"),
        (partition(None), "nothing was observed"),
        (
            partition(leaf(1), *((f"p{number}",) for number in range(101))),
            "101 classes do not fit on a page",
        ),
    ],
)
def test_no_figure_says_why(given: Partition, why: str) -> None:
    assert list(dendrogram_figures([given])) == [f"no figure 6 for w · i · v: {why}"]
