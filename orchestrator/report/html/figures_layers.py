"""Layers as Plotly JSON: classes, precision, and the share of elements that deviate."""

from __future__ import annotations

from orchestrator.report.escape import figure
from orchestrator.report.html.figures_dendrogram import tick
from orchestrator.report.html.parts import Figure
from orchestrator.results.layers import LayerDetails
from orchestrator.results.partitions import LayerProfile


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
                "meta": 0,
            },
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": "bits that remain",
                "x": names,
                "y": [row.remaining_precision for row in rows],
                "yaxis": "y2",
                "meta": 1,
            },
        ],
        "layout": {
            "height": 420,
            "showlegend": True,
            "legend": {"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom"},
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
                "dtick": tick(bits),
                "showgrid": False,
                "automargin": True,
            },
        },
    }


def shares_figure(details: LayerDetails) -> Figure | None:
    """Share of deviating elements after each layer; ``None`` where no share is known."""
    known = [layer for layer in details.layers if layer.deviating_after is not None]
    if not known:
        return None
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines+markers",
                "connectgaps": False,
                "x": [f"{layer.index} {figure(layer.name)}" for layer in details.layers],
                "y": [
                    None if layer.deviating_after is None else 100 * layer.deviating_after
                    for layer in details.layers
                ],
                "meta": 3,
            }
        ],
        "layout": {
            "height": 340,
            "xaxis": {"automargin": True, "tickangle": -60, "type": "category"},
            "yaxis": {
                "title": {"text": "elements that deviate, %"},
                "range": [0, 105],
                "automargin": True,
            },
        },
    }
