"""Figures as Plotly JSON: data from the summary, laid out; colours are set by the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orchestrator.report.escape import figure
from orchestrator.report.words import counted
from orchestrator.results_model import Branch, EqClass, LayerProfile, Partition

Figure = dict[str, Any]
_NAMED = 12
"""Platforms named when a pointer rests on a leaf; the table lists all."""


def dendrogram_figure(partition: Partition) -> Figure | None:
    """Classes by the mantissa bits they share; ``None`` where there is no more than one."""
    tree = partition.dendrogram
    if tree is None or not tree.children:
        return None
    leaves = {number: row for row, number in enumerate(_leaves(tree))}
    groups = {group.number: group for group in partition.classes}
    xs: list[float | None] = []
    ys: list[float | None] = []
    for segment in _segments(tree, leaves):
        for x, y in segment:
            xs.append(x)
            ys.append(y)
        xs.append(None)
        ys.append(None)
    bits = partition.mantissa_bits or tree.precision
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines",
                "x": xs,
                "y": ys,
                "hoverinfo": "skip",
                "line": {"width": 2, "shape": "linear"},
            },
            {
                "type": "scatter",
                "mode": "markers",
                "x": [bits] * len(leaves),
                "y": list(leaves.values()),
                "hoverinfo": "text",
                "hovertext": [_members(groups[number]) for number in leaves],
                "marker": {"size": 8},
            },
        ],
        "layout": {
            "height": 90 + 26 * len(leaves),
            "xaxis": {
                "title": {"text": "leading mantissa bits that agree"},
                "range": [-bits * 0.03, bits * 1.03],
                "dtick": _tick(bits),
                "zeroline": False,
            },
            "yaxis": {
                "tickvals": list(leaves.values()),
                "ticktext": [_leaf(groups[number]) for number in leaves],
                "range": [len(leaves) - 0.5, -0.5],
                "showgrid": False,
                "zeroline": False,
                "automargin": True,
            },
        },
    }


def layers_figure(profile: LayerProfile) -> Figure:
    """Classes (bars) and remaining precision (line) by layer."""
    rows = profile.rows
    bits = max((row.remaining_precision or 0 for row in rows), default=0) or 1
    most = max((row.classes for row in rows), default=1)
    names = [f"{row.index} {figure(row.name)}" for row in rows]
    return {
        "data": [
            {
                "type": "bar",
                "name": "classes",
                "x": names,
                "y": [row.classes for row in rows],
                "opacity": 0.55,
            },
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": "bits that remain",
                "x": names,
                "y": [row.remaining_precision for row in rows],
                "yaxis": "y2",
            },
        ],
        "layout": {
            "height": 420,
            "showlegend": True,
            "legend": {"orientation": "h", "y": 1.12},
            "xaxis": {"automargin": True, "tickangle": -60, "type": "category"},
            "yaxis": {
                "title": {"text": "classes"},
                "rangemode": "tozero",
                "dtick": max(1, -(-most // 10)),
            },
            "yaxis2": {
                "title": {"text": "bits that remain"},
                "overlaying": "y",
                "side": "right",
                "range": [0, bits * 1.05],
                "dtick": _tick(bits),
                "showgrid": False,
                "automargin": True,
            },
        },
    }


def _leaves(branch: Branch) -> Iterator[int]:
    if not branch.children:
        yield from branch.classes
    for child in branch.children:
        yield from _leaves(child)


Point = tuple[float, float]


def _segments(branch: Branch, leaves: dict[int, int]) -> Iterator[tuple[Point, Point]]:
    """A bar at the node's precision, and an arm from it to each child."""
    heights = [_height(child, leaves) for child in branch.children]
    if not heights:
        return
    yield (branch.precision, min(heights)), (branch.precision, max(heights))
    for child, height in zip(branch.children, heights, strict=True):
        yield (branch.precision, height), (child.precision, height)
        yield from _segments(child, leaves)


def _height(branch: Branch, leaves: dict[int, int]) -> float:
    if not branch.children:
        return leaves[branch.classes[0]]
    heights = [_height(child, leaves) for child in branch.children]
    return (min(heights) + max(heights)) / 2


def _leaf(group: EqClass) -> str:
    return f"class {group.number} ({len(group.platforms)})"


def _members(group: EqClass) -> str:
    names = [figure(name) for name in group.platforms[:_NAMED]]
    rest = len(group.platforms) - len(names)
    more = [f"and {rest} more"] if rest > 0 else []
    head = f"class {group.number}: {counted(len(group.platforms), 'platform')}"
    return "<br>".join([head, *names, *more])


def _tick(bits: int) -> int:
    return 1 if bits <= 10 else 2 if bits <= 23 else 4
