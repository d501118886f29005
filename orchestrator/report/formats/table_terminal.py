"""An analysis's table on a terminal: first occurrences bold, repetitions dim."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table as RichTable
from rich.text import Text

from orchestrator.report.escape import plain
from orchestrator.report.formats.table_text import remarks
from orchestrator.report.values import head, is_right, shown
from orchestrator.report.formats.terminal import cell_style
from orchestrator.results.partitions import TableCell
from orchestrator.results.table import Table, Value

_PADDING = 3
"""Columns that a table cell takes beside its text."""
_WIDEST = 40
"""Longer texts are folded."""


class AnalysisReport:
    """``Console().print(AnalysisReport(table))``: cut into blocks that fit the console's width.

    Each block begins with the table's first column.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text(plain(self._table.title), style="bold")
        widths = self._widths(options.max_width)
        for places in _blocks(widths, options.max_width):
            yield self._block(places, widths)
            yield Text("")
        for line in remarks(self._table):
            yield Text(line, style="dim")

    def _widths(self, line: int) -> list[int]:
        """Of each column: its longest value and the longest word of its head, within bounds."""
        found = []
        for place, column in enumerate(self._table.columns):
            words = [len(word) for word in plain(head(column)).split(" ")]
            values = [len(plain(shown(row[place]))) for row in self._table.rows]
            found.append(max(1, min(max((*words, *values)), _WIDEST, line - _PADDING)))
        if len(found) > 1:
            found[0] = min(found[0], max(8, line * 2 // 5))
            found[1:] = [min(width, max(1, line - found[0] - 2 * _PADDING)) for width in found[1:]]
        return found

    def _block(self, places: list[int], widths: list[int]) -> RichTable:
        block = RichTable(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
        for place in places:
            column = self._table.columns[place]
            block.add_column(
                Text(plain(head(column))),
                justify="right" if is_right(column) else "left",
                overflow="fold",
                width=widths[place],
            )
        for row in self._table.rows:
            block.add_row(*(_text(row[place]) for place in places))
        return block


def _blocks(widths: list[int], line: int) -> Iterator[list[int]]:
    """Positions of the columns of each block, as many as fit beside the first (at least one)."""
    block, used = [0], widths[0] + _PADDING
    for place in range(1, len(widths)):
        needed = widths[place] + _PADDING
        if len(block) > 1 and used + needed > line:
            yield block
            block, used = [0], widths[0] + _PADDING
        block.append(place)
        used += needed
    yield block


def _text(value: Value) -> Text:
    style = cell_style(value) if isinstance(value, TableCell) else ""
    return Text(plain(shown(value)), style=style)
