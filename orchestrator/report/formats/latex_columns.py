"""How wide the columns of a LaTeX table are: what fits on a line stays on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.report.escape import latex
from orchestrator.report.values import head, is_right, shown
from orchestrator.results.table import Column, Table

_LINES = ((r"\footnotesize", 80.0), (r"\scriptsize", 100.0))
"""Sizes of type, and the characters of each that a line of LaTeX's article holds, about."""
_GAP = 1.5
"""Characters that the space between two columns takes."""
_SHORT = 16
"""A text of at most so many characters is never broken, a longer one gets at least these."""
_PARAGRAPH = r">{\raggedright\arraybackslash}p{%.3f\linewidth}"


@dataclass(frozen=True)
class Layout:
    """Size of type and column specification of a ``longtable``."""

    size: str
    columns: str


def layout(table: Table) -> Layout:
    """The layout that an analysis's table needs."""
    needed = [_needed(table, place) for place in range(len(table.columns))]
    return fitted(needed, [is_right(column) for column in table.columns])


def fitted(needed: Sequence[int], right: Sequence[bool]) -> Layout:
    """Long texts become paragraphs where the rows would not fit on a line otherwise.

    ``needed`` are the characters of each column's longest cell; ``right`` marks the columns of
    numbers. Many columns may be wider than a page still.
    """
    total = sum(needed) + _GAP * len(needed)
    for size, line in _LINES:
        if total <= line:
            return Layout(size, "".join("r" if number else "l" for number in right))
    size, line = _LINES[-1]
    long = [not number and width > _SHORT for number, width in zip(right, needed, strict=True)]
    asked = sum(width for width, broken in zip(needed, long, strict=True) if broken)
    free = line - (total - asked)
    columns = [
        _PARAGRAPH % (max(_SHORT, min(width, free * width / asked)) / line)
        if broken
        else ("r" if number else "l")
        for width, number, broken in zip(needed, right, long, strict=True)
    ]
    return Layout(size, "".join(columns))


def stacked_head(column: Column) -> str:
    """The head, escaped, a word a line: numbers need no wider column than their digits do."""
    words = _words(head(column))
    # A bracket after two backslashes would be their argument: the group keeps it a character.
    lines = r"\strut" + r"\\".join("{}" + latex(word) for word in words)
    side = "r" if is_right(column) else "l"
    return rf"\shortstack[{side}]{{{lines}}}" if len(words) > 1 else latex(head(column))


def _needed(table: Table, place: int) -> int:
    words = (len(word) for word in _words(head(table.columns[place])))
    values = (len(shown(row[place])) for row in table.rows)
    return max((*words, *values), default=1)


def _words(text: str) -> Sequence[str]:
    return text.split(" ")
