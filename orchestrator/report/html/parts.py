"""The parts of a page: sections, which have blocks, which have tables and figures.

Texts are raw; the templates escape them.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from orchestrator.report.escape import plain
from orchestrator.report.words import DASH
from orchestrator.system.counted import counted

Figure = dict[str, Any]
"""Plotly JSON (``data``, ``layout``); a trace's ``meta`` is the number of its colour."""
CellValue = str | int | float | bool | None | tuple[str, ...]
"""A cell; a tuple lists names and is folded where it is long. ``None``: not known."""

ROWS = 400
BLOCKS = 30
NAMES = 200
"""What a page shows of one table, one section and one list of names; it says what it leaves out."""


@dataclass(frozen=True)
class Grid:
    """A table; the page offers each as CSV and JSON."""

    name: str
    """The name of the saved file, without its ending."""
    title: str
    columns: tuple[str, ...]
    """The first names the rows."""
    rows: tuple[tuple[CellValue, ...], ...]
    note: str | None = None

    @property
    def numeric(self) -> tuple[bool, ...]:
        """By column: whether every known value is a number."""
        columns = list(zip(*self.rows, strict=True)) or [() for _ in self.columns]
        return tuple(
            any(value is not None for value in column)
            and all(value is None or _is_number(value) for value in column)
            for column in columns
        )

    @property
    def empty(self) -> bool:
        """Whether there is no row to show."""
        return not self.rows


@dataclass(frozen=True)
class Drawing:
    """A figure and a text that describes it, for readers who cannot see it."""

    figure: Figure
    label: str


@dataclass(frozen=True)
class Block:
    """A part of a section that can be folded, if it has a ``title``."""

    title: str | None = None
    lines: tuple[str, ...] = ()
    drawings: tuple[Drawing, ...] = ()
    grids: tuple[Grid, ...] = ()


@dataclass(frozen=True)
class Section:
    """One heading of the page."""

    name: str
    """The id in the page."""
    title: str
    intro: str
    blocks: tuple[Block, ...] = ()
    notes: tuple[str, ...] = ()
    """Shown first: what is missing, and why."""
    opened: int = 1
    """Blocks that are unfolded at first."""

    @property
    def filled(self) -> bool:
        """Whether the section has more than notes."""
        return bool(self.blocks)


def grid(
    name: str,
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[CellValue]],
    *,
    command: str,
) -> Grid:
    """A table of at most ``ROWS`` rows that names the ``command`` which shows all."""
    found = [tuple(_bounded(value) for value in row) for row in rows]
    rest = len(found) - ROWS
    notes = (
        [f"{counted(rest, 'more row is', 'more rows are')} left out: `{command}` shows all."]
        if rest > 0
        else []
    )
    if any(value is None for row in found[:ROWS] for value in row):
        notes.append(f"{DASH}: not known, or there is none.")
    return Grid(name, title, tuple(columns), tuple(found[:ROWS]), " ".join(notes) or None)


def section(
    name: str,
    title: str,
    intro: str,
    blocks: Sequence[Block],
    *,
    command: str,
    notes: Iterable[str | None] = (),
    opened: int = 1,
) -> Section:
    """A section of at most ``BLOCKS`` foldable blocks that names the command which shows all."""
    rest = len(blocks) - BLOCKS
    which = f"{rest} more of {len(blocks)} {'is' if rest == 1 else 'are'}"
    more = [f"{which} left out: `{command}` shows all."] if rest > 0 else []
    said = tuple(note for note in (*notes, *more) if note)
    return Section(name, title, intro, tuple(blocks[:BLOCKS]), said, opened)


def _bounded(value: CellValue) -> CellValue:
    if not isinstance(value, tuple) or len(value) <= NAMES:
        return value
    return (*value[:NAMES], f"and {len(value) - NAMES} more")


def _is_number(value: CellValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_CODE = re.compile(r"`((?:eqc|observe|vary)\b[^`]*)`")


def shown(value: CellValue) -> str:
    """Three significant digits of a real number; a dash where nothing is known."""
    if value is None:
        return DASH
    if isinstance(value, tuple):
        return ", ".join(plain(name) for name in value) or DASH
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}" if math.isfinite(value) else str(value).replace("inf", "∞")
    if isinstance(value, int):
        return f"{value:,}"
    return plain(value)


def saved(value: CellValue) -> str:
    """The exact value for JSON; numbers that JSON lacks (infinities, NaN) become text."""
    if isinstance(value, float) and not math.isfinite(value):
        return json.dumps(str(value))
    return json.dumps(value)


def prose(text: str) -> Markup:
    """A sentence of the report as HTML: a command or setting in backticks becomes ``<code>``, and
    everything else is escaped."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(plain(text)))))  # noqa: S704 - escaped
