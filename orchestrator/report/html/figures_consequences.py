"""How far classes are apart, as Plotly JSON."""

from __future__ import annotations

from orchestrator.report.html.parts import Figure
from orchestrator.results.consequences import Bin, ClassPair, Consequences

PAIRS = 8
"""Pairs of classes drawn, those furthest apart; the table lists more."""


def furthest(consequences: Consequences) -> list[ClassPair]:
    """All pairs, those with the largest distance first, those that have none last."""
    return sorted(consequences.pairs, key=lambda pair: (-_distance(pair), pair.a, pair.b))


def ulps_figure(consequences: Consequences) -> Figure | None:
    """A histogram of distances for each of the pairs that are furthest apart; ``None`` where no
    pair has one."""
    pairs = [pair for pair in furthest(consequences) if pair.ulps is not None][:PAIRS]
    bins = max((pair.ulps.bins for pair in pairs if pair.ulps), key=len, default=())
    if not bins:
        return None
    labels = [bin_label(one) for one in bins]
    return {
        "data": [
            {
                "type": "bar",
                "name": f"classes {pair.a} and {pair.b}",
                "x": labels,
                "y": [one.count for one in pair.ulps.bins]
                + [0] * (len(bins) - len(pair.ulps.bins)),
                "meta": row,
            }
            for row, pair in enumerate(pairs)
            if pair.ulps is not None
        ],
        "layout": {
            "height": 400,
            "barmode": "group",
            "showlegend": True,
            "legend": {"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom"},
            "xaxis": {
                "title": {"text": "distance in units in the last place"},
                "type": "category",
                "automargin": True,
            },
            "yaxis": {
                "title": {"text": "elements"},
                "rangemode": "tozero",
                "automargin": True,
            },
        },
    }


def bin_label(one: Bin) -> str:
    """``0``, ``1``, ``2 to 3``; from 1,024 on as powers of two."""
    if one.least == one.most:
        return str(one.least)
    if one.least < 1024:
        return f"{one.least} to {one.most}"
    power = one.least.bit_length() - 1
    return f"2^{power} to 2^{power + 1} - 1"


def _distance(pair: ClassPair) -> int:
    if pair.ulps is None:
        return -2
    return -1 if pair.ulps.largest is None else pair.ulps.largest
