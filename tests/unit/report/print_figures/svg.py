"""Reads a figure back from its SVG: its texts, and where its lines are."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from orchestrator.report.print_figures.drawing import rendered
from orchestrator.report.print_figures.figure import StaticFigure

_NAMESPACE = "{http://www.w3.org/2000/svg}"
Segment = tuple[float, float, float, float]


def root_of(figure: StaticFigure) -> ET.Element:
    return ET.fromstring(rendered(figure, "svg"))


def texts(figure: StaticFigure) -> list[str]:
    return ["".join(text.itertext()) for text in root_of(figure).iter(f"{_NAMESPACE}text")]


def places(figure: StaticFigure) -> dict[str, tuple[float, float]]:
    """The position of each text in points; of equal texts the first."""
    found: dict[str, tuple[float, float]] = {}
    for text in root_of(figure).iter(f"{_NAMESPACE}text"):
        place = text.get("x"), text.get("y")
        if None in place:
            moved = re.search(r"translate\(([-\d.]+) ([-\d.]+)\)", text.get("transform", ""))
            place = moved.groups() if moved else place
        if None not in place:
            found.setdefault("".join(text.itertext()), (float(place[0]), float(place[1])))
    return found


def segments(figure: StaticFigure) -> list[Segment]:
    """All paths with exactly two points, as (x1, y1, x2, y2)."""
    found = []
    for path in root_of(figure).iter(f"{_NAMESPACE}path"):
        parts = re.fullmatch(r"\s*M ([-\d.]+) ([-\d.]+)\s+L ([-\d.]+) ([-\d.]+)\s*", path.get("d"))
        if parts:
            found.append(tuple(float(part) for part in parts.groups()))
    return found


def vertical_at(figure: StaticFigure, low: int, high: int) -> set[float]:
    """Positions of vertical lines on the x axis, which is scaled by its ticks low and high."""
    known = places(figure)
    start, end = known[str(low)][0], known[str(high)][0]
    scale = (high - low) / (end - start)
    return {
        round(low + (x - start) * scale, 1)
        for x, top, other, bottom in segments(figure)
        if x == other and abs(top - bottom) > 1
    }
