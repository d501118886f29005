"""The figures of the page, except dendrograms."""

from __future__ import annotations

import dataclasses
from typing import Any

from orchestrator.analysis.details import details
from orchestrator.report.html.consequences import bin_label, furthest, ulps_figure
from orchestrator.report.html.core_counts import collapse_figure
from orchestrator.report.html.layers import layers_figure, shares_figure
from orchestrator.report.html.model_size import sizes_figure
from orchestrator.results.consequences import Bin, ClassPair, Consequences, Outcome, UlpHistogram
from orchestrator.results.layers import CoreCounts, CoreLevel, Flow, SizeRow
from tests.unit.report.everything import everything
from tests.unit.report.summaries import full

KEY = ("w", "i", "v", "output")


def test_layer_figure_has_a_bar_and_a_point_for_each_layer() -> None:
    (profile,) = full().layers
    classes, bits = layers_figure(profile)["data"]
    assert classes["y"] == [row.classes for row in profile.rows]
    assert bits["y"] == [row.remaining_precision for row in profile.rows]


def test_shares_are_percent_and_absent_where_none_is_known() -> None:
    found = details(everything()).layers.items[0]
    figure = shares_figure(found)
    assert figure is not None
    (trace,) = figure["data"]
    assert trace["y"][0] == 100 * (found.layers[0].deviating_after or 0)
    assert shares_figure(dataclasses.replace(found, layers=())) is None


def core_counts() -> CoreCounts:
    """``old`` and ``new`` differ at 2 cores and agree at 4; ``rare`` exists at 4 only."""
    return CoreCounts(
        *KEY,
        levels=(
            CoreLevel(2, 2, (("<b>new", ("a",)), ("old", ("b",))), ("a", "b")),
            CoreLevel(4, 3, (("<b>new", ("c",)), ("old", ("c",)), ("rare", ("d",))), ("c", "d")),
        ),
        flows=(
            Flow("<b>new", (2, 4), ("a", "c"), (("p",), ("q",))),
            Flow("old", (2, 4), ("b", "c"), (("r",), ("s",))),
        ),
        joined=(),
        unplaced=(),
    )


def list_shared() -> dict[str, Any]:
    figure = collapse_figure(core_counts(), {"a": "1", "b": "2", "c": "3", "d": "4"})
    return {trace.get("name", "nodes"): trace for trace in figure["data"]}


def test_generations_run_from_class_to_class() -> None:
    found = list_shared()
    nodes = dict(zip(found["nodes"]["text"], found["nodes"]["y"], strict=True))
    for name, (before, after) in {"&lt;b&gt;new": ("1", "3"), "old": ("2", "3")}.items():
        assert found[name]["x"] == [0, 1, None]
        start, end, _ = found[name]["y"]
        assert abs(start - nodes[before]) < 0.1
        assert abs(end - nodes[after]) < 0.1


def test_a_generation_at_one_number_of_cores_is_a_point_of_its_class() -> None:
    found = list_shared()
    assert found["rare"]["x"] == [None]
    assert "rare" in found["nodes"]["hovertext"][-1]


def compared(a: int, b: int, counts: list[int]) -> ClassPair:
    bins = tuple(
        Bin(0, 0, count) if place == 0 else Bin(1 << (place - 1), (1 << place) - 1, count)
        for place, count in enumerate(counts)
    )
    ulps = UlpHistogram(bins, bins[-1].most, 0, 0, 0)
    return ClassPair(a, b, Outcome.COMPARED, sum(counts), 1, 0.1, 0.1, ulps)


def test_histograms_of_the_pairs_furthest_apart_share_their_bins() -> None:
    near, far, none = (
        compared(1, 2, [3, 1]),
        compared(1, 3, [0, 0, 4]),
        ClassPair(2, 3, Outcome.NO_TENSOR),
    )
    found = Consequences(*KEY, (near, none, far), ())
    assert [(pair.a, pair.b) for pair in furthest(found)] == [(1, 3), (1, 2), (2, 3)]
    figure = ulps_figure(found)
    assert figure is not None
    first, second = figure["data"]
    assert first["x"] == second["x"] == ["0", "1", "2 to 3"]
    assert (first["y"], second["y"]) == ([0, 0, 4], [3, 1, 0])
    assert ulps_figure(Consequences(*KEY, (none,), ())) is None


def test_far_bins_are_powers_of_two() -> None:
    assert bin_label(Bin(512, 1023, 1)) == "512 to 1023"
    assert bin_label(Bin(2**20, 2**21 - 1, 1)) == "2^20 to 2^21 - 1"


def test_sizes_have_a_point_in_either_panel() -> None:
    rows = [
        SizeRow("small", "i", "v", "output", 10, 5, 2, 20, 23),
        SizeRow("large", "i", "v", "output", 1000, 5, 4, None, 23),
    ]
    found = sizes_figure(rows)["data"]
    assert [(t["name"], t["yaxis"], t["x"], t["y"]) for t in found] == [
        ("small", "y", [10], [2]),
        ("small", "y2", [10], [20]),
        ("large", "y", [1000], [4]),
        ("large", "y2", [1000], [None]),
    ]
