"""A figure for print: what it is called, what it shows as a table, and how it is drawn."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from matplotlib.figure import Figure

from orchestrator.report.escape import csv_cell, plain

DataValue = str | int | float | None
_LONGEST = 100


@dataclass(frozen=True)
class StaticFigure:
    """One figure. ``draw`` makes it anew; matplotlib's settings are the caller's matter."""

    name: str
    """File name without extension, e.g. ``figure-6-net-digits_0``."""
    title: str
    """One sentence for those who cannot see it; also the title of the file."""
    head: tuple[str, ...]
    rows: tuple[tuple[DataValue, ...], ...]
    """All that is drawn, and what was too much to draw."""
    draw: Callable[[], Figure]


def data_text(figure: StaticFigure) -> str:
    """The data of a figure as CSV (RFC 4180); what is not known is empty."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(figure.head)
    for row in figure.rows:
        writer.writerow(["" if cell is None else csv_cell(plain(str(cell))) for cell in row])
    return file.getvalue()


def file_name(*parts: str) -> str:
    """``parts`` as a file name that every system takes: letters, digits, ``._-``."""
    words = (re.sub(r"[^A-Za-z0-9._-]+", "_", part).strip("._-") for part in parts)
    return "-".join(word for word in words if word)[:_LONGEST]


def told_apart(figures: Iterable[StaticFigure]) -> tuple[StaticFigure, ...]:
    """The same figures; of equal names, also by a system that ignores case, later ones get a
    number."""
    taken: set[str] = set()
    found = []
    for figure in figures:
        name, number = figure.name, 1
        while name.lower() in taken:
            number += 1
            name = f"{figure.name}-{number}"
        taken.add(name.lower())
        found.append(replace(figure, name=name))
    return tuple(found)
