from __future__ import annotations

from dataclasses import replace

from orchestrator.report.html.dendrograms import dendrogram_figure, pruned
from orchestrator.results.partitions import Branch, EqClass, Partition


def partition(tree: Branch | None, classes: int) -> Partition:
    groups = tuple(EqClass(f"{n}", n, (f"<b>p{n}</b>",), ()) for n in range(1, classes + 1))
    return Partition("w", "i", "v", "output", 1, 5, 23, groups, (), (), tree)


def leaf(number: int) -> Branch:
    return Branch(23, (number,))


def test_lines_join_each_node_to_its_children() -> None:
    inner = Branch(12, (1, 3), (leaf(1), leaf(3)))
    found = dendrogram_figure(partition(Branch(5, (1, 2, 3), (inner, leaf(2))), 3))
    assert found is not None
    lines, leaves = found["data"]
    x, y = lines["x"], lines["y"]
    segments = {(x[i], y[i], x[i + 1], y[i + 1]) for i in range(0, len(x), 3)}
    assert segments == {
        (5, 0.5, 5, 2),  # the root's bar, from the inner node to class 2
        (5, 0.5, 12, 0.5),
        (5, 2, 23, 2),
        (12, 0, 12, 1),
        (12, 0, 23, 0),
        (12, 1, 23, 1),
    }
    assert found["layout"]["yaxis"]["ticktext"] == ["class 1 (1)", "class 3 (1)", "class 2 (1)"]
    assert "&lt;b&gt;p3" in leaves["hovertext"][1]


def test_a_float_without_a_mantissa_has_an_axis_all_the_same() -> None:
    tree = Branch(0, (1, 2), (Branch(0, (1,)), Branch(0, (2,))))
    found = dendrogram_figure(replace(partition(tree, 2), mantissa_bits=0))
    assert found is not None
    low, high = found["layout"]["xaxis"]["range"]
    assert low < 0 < high


def test_one_class_or_no_precision_has_no_dendrogram() -> None:
    assert dendrogram_figure(partition(leaf(1), 1)) is None
    assert dendrogram_figure(partition(None, 2)) is None


def test_many_leaves_are_drawn_as_few_and_the_closest_are_joined() -> None:
    pairs = [
        Branch(10 + n, (2 * n + 1, 2 * n + 2), (leaf(2 * n + 1), leaf(2 * n + 2))) for n in range(5)
    ]
    tree = Branch(3, tuple(range(1, 11)), tuple(pairs))
    few = pruned(tree, most=7)
    assert [child.classes for child in few.children] == [pair.classes for pair in pairs]
    assert [bool(child.children) for child in few.children] == [True, True, False, False, False]
    assert pruned(tree, most=10) == tree
    assert [child.classes for child in pruned(tree, most=2).children] == [p.classes for p in pairs]


def test_a_joined_leaf_says_how_many_classes_it_stands_for() -> None:
    groups = range(1, 101)
    last = Branch(20, (99, 100), (leaf(99), leaf(100)))
    tree = Branch(
        1,
        tuple(groups),
        (
            *(leaf(n) for n in range(1, 80)),
            Branch(9, tuple(range(80, 101)), (*(leaf(n) for n in range(80, 99)), last)),
        ),
    )
    found = dendrogram_figure(partition(tree, 100))
    assert found is not None
    ticks = found["layout"]["yaxis"]["ticktext"]
    assert len(ticks) == 80
    assert ticks[-1] == "21 classes (21)"
    assert found["data"][1]["x"][-1] == 9
    assert "and 9 more" in found["data"][1]["hovertext"][-1]
