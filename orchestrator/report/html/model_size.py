"""Classes and precision by number of multiplications (Figure 4 of the study) as Plotly JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from orchestrator.report.escape import figure
from orchestrator.report.html.parts import Figure
from orchestrator.results.layers import SizeRow
from orchestrator.system.counted import counted

_SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross", "star", "hexagon", "x")


def sizes_figure(rows: Sequence[SizeRow]) -> Figure:
    """Two panels over one axis: classes above, bits that remain below; a colour per workload."""
    workloads = list(dict.fromkeys(row.workload for row in rows))
    list_shared = []
    for number, workload in enumerate(workloads):
        own = [row for row in rows if row.workload == workload]
        list_shared.append(_trace(own, number, lambda row: row.classes, "y", named=True))
        list_shared.append(
            _trace(own, number, lambda row: row.remaining_precision, "y2", named=False)
        )
    return {
        "data": list_shared,
        "layout": {
            "height": 520,
            "showlegend": True,
            "legend": {"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom"},
            "xaxis": {
                "title": {"text": "multiplications for one element of the batch"},
                "type": "log",
                "anchor": "y2",
                "automargin": True,
            },
            "yaxis": {
                "title": {"text": "classes"},
                "domain": [0.55, 1],
                "rangemode": "tozero",
                "automargin": True,
            },
            "yaxis2": {
                "title": {"text": "bits that remain"},
                "domain": [0, 0.45],
                "rangemode": "tozero",
                "automargin": True,
            },
        },
    }


def _trace(
    rows: Sequence[SizeRow],
    number: int,
    value: Callable[[SizeRow], int | None],
    axis: str,
    *,
    named: bool,
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": figure(rows[0].workload),
        "legendgroup": str(number),
        "showlegend": named,
        "x": [row.multiplications for row in rows],
        "y": [value(row) for row in rows],
        "yaxis": axis,
        "hoverinfo": "text",
        "hovertext": [_hover(row) for row in rows],
        "marker": {"size": 11, "symbol": _SYMBOLS[number % len(_SYMBOLS)]},
        "meta": number,
    }


def _hover(row: SizeRow) -> str:
    words = (row.workload, row.input, row.variant)
    bits = "not defined" if row.remaining_precision is None else row.remaining_precision
    return "<br>".join(
        [
            *(figure(word) for word in words),
            f"{row.multiplications:,} multiplications",
            f"{counted(row.classes, 'class', 'classes')} of {counted(row.platforms, 'platform')}",
            f"bits that remain: {bits}",
        ]
    )
