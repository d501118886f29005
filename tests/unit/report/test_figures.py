from __future__ import annotations

from orchestrator.report.figures import dendrogram_figure, layers_figure
from orchestrator.results_model import Branch, EqClass, Partition
from tests.unit.report.summaries import full


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


def test_one_class_or_no_precision_has_no_dendrogram() -> None:
    assert dendrogram_figure(partition(leaf(1), 1)) is None
    assert dendrogram_figure(partition(None, 2)) is None


def test_layer_figure_has_a_bar_and_a_point_for_each_layer() -> None:
    (profile,) = full().layers
    classes, bits = layers_figure(profile)["data"]
    assert classes["y"] == [row.classes for row in profile.rows]
    assert bits["y"] == [row.remaining_precision for row in profile.rows]
