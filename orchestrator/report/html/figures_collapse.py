"""Classes by number of cores (Figure 2 of the study) as Plotly JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.report.escape import figure
from orchestrator.report.html.parts import Figure
from orchestrator.report.words import counted
from orchestrator.results.layers import Collapse, CoreLevel

MOST = 40
"""Generations drawn; the table lists all."""
_DASHES = ("solid", "dash", "dot", "dashdot")
_HUES = 8


def collapse_figure(collapse: Collapse, names: Mapping[str, str]) -> Figure:
    """A column of classes for each number of cores, a line for each generation through them.

    ``names`` gives a short name of each class by its id.
    """
    places = {level.cores: _places(level) for level in collapse.levels}
    across = {level.cores: x for x, level in enumerate(collapse.levels)}
    generations = sorted({name for level in collapse.levels for name, _ in level.generations})
    drawn = generations[:MOST]
    traces = [_line(name, row, collapse, across, places) for row, name in enumerate(drawn)]
    tallest = max(len(level.classes) for level in collapse.levels)
    return {
        "data": [*traces, _nodes(collapse, across, places, names)],
        "layout": {
            "height": 190 + 34 * tallest + 9 * len(drawn),
            "showlegend": True,
            "legend": {"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom"},
            "xaxis": {
                "tickvals": list(across.values()),
                "ticktext": [str(cores) for cores in across],
                "title": {"text": "logical CPUs or threads"},
                "range": [-0.4, len(across) - 0.6],
                "automargin": True,
                "showgrid": False,
                "zeroline": False,
            },
            "yaxis": {
                "visible": False,
                "range": [(tallest - 1) / 2 + 0.6, -(tallest - 1) / 2 - 0.6],
            },
        },
    }


def _places(level: CoreLevel) -> dict[str, float]:
    """The height of each class: centred, so that fewer classes are seen to draw together.

    Classes stand in the order of the generations in them, which keeps most lines apart.
    """
    seats: dict[str, list[int]] = {identity: [] for identity in level.classes}
    for seat, (_, identities) in enumerate(level.generations):
        for identity in identities:
            seats[identity].append(seat)
    ordered = sorted(seats, key=lambda identity: sum(seats[identity]) / len(seats[identity]))
    return {identity: row - (len(ordered) - 1) / 2 for row, identity in enumerate(ordered)}


def _line(
    name: str,
    row: int,
    collapse: Collapse,
    across: Mapping[int, int],
    places: Mapping[int, Mapping[str, float]],
) -> dict[str, Any]:
    # Generations in one class would hide each other.
    shift = ((row % 5) - 2) * 0.035
    xs: list[float | None] = []
    ys: list[float | None] = []
    for flow in collapse.flows:
        if flow.generation == name:
            for cores, identity in zip(flow.cores, flow.classes, strict=True):
                xs.append(across[cores])
                ys.append(places[cores][identity] + shift)
            xs.append(None)
            ys.append(None)
    if not xs:
        # Seen at one number of cores only: named in the legend, a point without a line.
        xs, ys = [None], [None]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": figure(name),
        "x": xs,
        "y": ys,
        "hoverinfo": "skip",
        "line": {"width": 3, "dash": _DASHES[row // _HUES % len(_DASHES)]},
        "meta": row % _HUES,
    }


def _nodes(
    collapse: Collapse,
    across: Mapping[int, int],
    places: Mapping[int, Mapping[str, float]],
    names: Mapping[str, str],
) -> dict[str, Any]:
    nodes = [
        (across[level.cores], places[level.cores][identity], level, identity)
        for level in collapse.levels
        for identity in level.classes
    ]
    return {
        "type": "scatter",
        "mode": "markers+text",
        "showlegend": False,
        "x": [x for x, _, _, _ in nodes],
        "y": [y for _, y, _, _ in nodes],
        "text": [names[identity] for _, _, _, identity in nodes],
        "textposition": "top center",
        "cliponaxis": False,
        "hoverinfo": "text",
        "hovertext": [_hover(level, identity, names) for _, _, level, identity in nodes],
        "marker": {"size": 13},
        "meta": 0,
    }


def _hover(level: CoreLevel, identity: str, names: Mapping[str, str]) -> str:
    held = [figure(name) for name, identities in level.generations if identity in identities]
    head = f"class {names[identity]} at {level.cores}: {counted(len(held), 'generation')}"
    return "<br>".join([head, *held[:MOST]])
