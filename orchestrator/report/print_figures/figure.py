"""A figure for print: its name, its data as a table, and the function that draws it."""

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
    """One figure. Each call of ``draw`` makes a new one, with the caller's matplotlib settings."""

    name: str
    """File name without extension, e.g. ``figure-6-net-digits_0``."""
    title: str
    """One sentence that describes the figure; also the title in the file's metadata."""
    head: tuple[str, ...]
    rows: tuple[tuple[DataValue, ...], ...]
    """All data of the figure, also what did not fit into the drawing."""
    draw: Callable[[], Figure]


def data_text(figure: StaticFigure) -> str:
    """The data of a figure as CSV (RFC 4180); unknown values are empty."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(figure.head)
    for row in figure.rows:
        writer.writerow(["" if cell is None else csv_cell(plain(str(cell))) for cell in row])
    return file.getvalue()


def file_name(*parts: str) -> str:
    """``parts`` as a file name that is valid on every system: letters, digits, ``._-``."""
    words = (re.sub(r"[^A-Za-z0-9._-]+", "_", part).strip("._-") for part in parts)
    return "-".join(word for word in words if word)[:_LONGEST]


def told_apart(figures: Iterable[StaticFigure]) -> tuple[StaticFigure, ...]:
    """The same figures with distinct names: later ones of equal names get a number. Names that
    differ in case alone are equal, since some file systems ignore case."""
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
