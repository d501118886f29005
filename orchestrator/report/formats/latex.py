r"""The class table, in the form of the study's Table SUP-1, and analyses as LaTeX for ``\input``.

Columns are as wide as what fits on a line; any name is only text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestrator.report.escape import latex
from orchestrator.report.formats import Format
from orchestrator.report.values import head, is_right, key_lines, notes, shown
from orchestrator.report.words import (
    cell_text,
    column_name,
    finding,
    footnotes,
    hardware,
    legend,
    title,
)
from orchestrator.results.partitions import Summary, TableCell
from orchestrator.results.table import Column, Table, Value


def latex_text(summary: Summary) -> str:
    """A ``longtable`` and its key, to be read with ``\\input``; comments name its packages."""
    return "\n".join(_lines(summary)) + "\n"


def _lines(summary: Summary) -> Iterator[str]:
    table = summary.table
    yield from PREAMBLE
    if not summary.partitions:
        yield f"{latex(title(summary))}: nothing observed."
        return
    infos = {info.name: info for info in summary.platforms}
    names = [(name, hardware(infos[name])) for name in table.platforms]
    found = _layout(summary, names)
    yield rf"\begingroup{found.size}\setlength{{\tabcolsep}}{{3pt}}"
    yield rf"\begin{{longtable}}{{{found.columns}}}"
    yield r"\toprule"
    yield row([summary.noun.one, "hardware", *table.letters])
    yield r"\midrule"
    yield r"\endhead"
    for texts, cells in zip(names, table.rows, strict=True):
        yield row([*(words(text) for text in texts), *(_cell(cell) for cell in cells)])
    yield r"\bottomrule"
    yield r"\end{longtable}"
    yield r"\endgroup"
    yield ""
    yield r"\noindent " + latex(legend(summary)) + r" Bold: first appearance."
    yield r"\begin{itemize}"
    for letter, partition in zip(table.letters, summary.partitions, strict=True):
        about = latex(f"{column_name(partition.key)}: {finding(partition, summary.noun)}")
        yield item(letter, about)
    for sign, footnote in footnotes(table):
        yield item(latex(sign), latex(footnote))
    yield r"\end{itemize}"


def _layout(summary: Summary, names: Sequence[tuple[str, str]]) -> Layout:
    rows = summary.table.rows
    needed = [
        max(map(len, texts)) for texts in zip(*names, (summary.noun.one, "hardware"), strict=True)
    ]
    needed += [max(len(cell_text(row[place])) for row in rows) for place in range(len(rows[0]))]
    return fitted(needed, [place > 1 for place in range(len(needed))])


def _cell(cell: TableCell | None) -> str:
    text = latex(cell_text(cell))
    if cell is None or cell.number is None:
        return text
    if cell.first:
        return rf"\textbf{{{text}}}"
    return rf"\textcolor{{gray}}{{{text}}}" if cell.repeated else text


_LINES = ((r"\footnotesize", 80.0), (r"\scriptsize", 100.0))
"""Font sizes, and how many characters of each fit on a line of LaTeX's article, about."""
_GAP = 1.5
"""Width of the space between two columns, in characters."""
_SHORT = 16
"""Texts of at most so many characters are never broken; a longer one's column is at least as wide.
"""
_PARAGRAPH = r">{\raggedright\arraybackslash}p{%.3f\linewidth}"


@dataclass(frozen=True)
class Layout:
    """Font size and column specification of a ``longtable``."""

    size: str
    columns: str


def layout(table: Table) -> Layout:
    """The layout for an analysis's table."""
    needed = [_needed(table, place) for place in range(len(table.columns))]
    return fitted(needed, [is_right(column) for column in table.columns])


def fitted(needed: Sequence[int], right: Sequence[bool]) -> Layout:
    """A layout that breaks long texts into paragraphs if the rows do not fit on a line otherwise.

    ``needed`` has the characters of each column's longest cell; ``right`` marks the columns of
    numbers. A table with many columns may still be wider than a page.
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
    """The head, escaped, one word per line: a column of numbers then needs no extra width."""
    words = _words(head(column))
    # LaTeX reads a bracket after two backslashes as their argument: the empty group prevents it.
    lines = r"\strut" + r"\\".join("{}" + latex(word) for word in words)
    side = "r" if is_right(column) else "l"
    return rf"\shortstack[{side}]{{{lines}}}" if len(words) > 1 else latex(head(column))


def _needed(table: Table, place: int) -> int:
    words = (len(word) for word in _words(head(table.columns[place])))
    values = (len(shown(row[place])) for row in table.rows)
    return max((*words, *values), default=1)


def _words(text: str) -> Sequence[str]:
    return text.split(" ")


PREAMBLE = (
    r"% Needs, in the preamble of the document that takes this in with \input:",
    r"%   \usepackage[T1]{fontenc}",
    r"%   \usepackage[utf8]{inputenc}",
    r"%   \usepackage{array,booktabs,longtable,xcolor}",
)
"""Comments at the top of every LaTeX output."""


_BREAKS = re.compile(r"/|\\_")


def words(text: str) -> str:
    """A text with places for line breaks: names of platforms have no blanks to break at."""
    return _BREAKS.sub(lambda found: found[0] + r"\allowbreak{}", latex(text))


def row(cells: Sequence[str]) -> str:
    """One row of escaped cells.

    The line before ends with two backslashes, after which LaTeX reads a bracket or an asterisk as
    an argument; the empty group prevents it.
    """
    guarded = ("{}" + cell if cell.startswith(("[", "*")) else cell for cell in cells)
    return " & ".join(guarded) + r" \\"


def item(label: str, text: str) -> str:
    """An entry of a list; the label is in a group, so that it may contain a closing bracket."""
    return rf"\item[{{{label}}}] {text}"


def table_latex(table: Table) -> str:
    """A ``longtable`` and its notes; the comments on top name the packages it needs.

    A table with very many columns needs a wider page (``geometry`` or ``pdflscape``).
    """
    return "\n".join(_table_lines(table)) + "\n"


def _table_lines(table: Table) -> Iterator[str]:
    yield from PREAMBLE
    found = layout(table)
    yield rf"\begingroup{found.size}\setlength{{\tabcolsep}}{{3pt}}"
    yield rf"\begin{{longtable}}{{{found.columns}}}"
    yield rf"\caption{{{latex(table.title)}}}\\"
    yield r"\toprule"
    yield row([stacked_head(column) for column in table.columns])
    yield r"\midrule"
    yield r"\endhead"
    for values in table.rows:
        yield row([_table_cell(value) for value in values])
    yield r"\bottomrule"
    yield r"\end{longtable}"
    keys, below = key_lines(table), notes(table)
    if keys or below:
        yield r"\begin{description}\setlength{\itemsep}{0pt}"
        yield from (item(latex(short), latex(name)) for short, name in keys)
        yield from (item("", latex(note)) for note in below)
        yield r"\end{description}"
    yield r"\endgroup"


def _table_cell(value: Value) -> str:
    if not isinstance(value, TableCell):
        return words(shown(value))
    text = latex(shown(value))
    if value.number is None:
        return text
    if value.first:
        return rf"\textbf{{{text}}}"
    return rf"\textcolor{{gray}}{{{text}}}" if value.repeated else text


FORMAT = Format("latex", ".tex", report=latex_text, table=table_latex)
