"""Reports and tables on a terminal: rich renderables, cut into blocks that fit its width."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table as RichTable
from rich.text import Text

from orchestrator.report.escape import plain
from orchestrator.report.formats.text import partition_lines, remarks, table_remarks
from orchestrator.report.values import head, is_right, shown
from orchestrator.report.words import (
    DASH,
    cell_text,
    compared,
    hardware,
    kind,
    legend,
    observations,
    title,
)
from orchestrator.results.partitions import Summary, TableCell
from orchestrator.results.table import Table, Value
from orchestrator.system.counted import counted

_UNREAL = {"hardware": "", "unknown": "dim"}
_PADDING = 3
"""Columns of the terminal that a table cell needs in addition to its text."""


class TableReport:
    """``Console().print(TableReport(summary))``: adapts to the console's width."""

    def __init__(self, summary: Summary) -> None:
        self._summary = summary

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        summary = self._summary
        yield Text(
            f"{plain(title(summary))}: {summary.noun.counted(len(summary.table.platforms))}, "
            f"{counted(len(summary.partitions), 'partition')}, "
            f"{observations(summary)}{compared(summary)}",
            style="bold",
        )
        if not summary.partitions:
            return
        for start, end in self._blocks(options.max_width):
            yield self._table(start, end, options.max_width)
        yield Text(legend(summary), style="dim")
        yield Text("")
        for line in partition_lines(summary):
            yield Text(line)
        yield Text("")
        for line in remarks(summary):
            yield Text(line, style="dim" if line.startswith(DASH) else "")

    def _blocks(self, width: int) -> Iterator[tuple[int, int]]:
        """Ranges of columns, each as many as fit beside the names (always at least one)."""
        free = width - sum(self._names(width)) - 2 * _PADDING - 1
        start, used = 0, 0
        for column in range(len(self._summary.table.columns)):
            needed = self._width(column) + _PADDING
            if column > start and used + needed > free:
                yield start, column
                start, used = column, 0
            used += needed
        yield start, len(self._summary.table.columns)

    def _table(self, start: int, end: int, width: int) -> RichTable:
        table = RichTable(box=box.SIMPLE_HEAD, pad_edge=False)
        names = self._names(width)
        table.add_column(self._summary.noun.one, no_wrap=False, overflow="fold", width=names[0])
        table.add_column("hardware", overflow="ellipsis", no_wrap=True, width=names[1])
        content = self._summary.table
        for letter in content.letters[start:end]:
            table.add_column(letter, justify="right", no_wrap=True)
        infos = {info.name: info for info in self._summary.platforms}
        for name, row in zip(content.platforms, content.rows, strict=True):
            info = infos[name]
            table.add_row(
                Text(plain(name)),
                Text(plain(hardware(info)), style=_UNREAL.get(kind(info), "yellow")),
                *(Text(cell_text(cell), style=cell_style(cell)) for cell in row[start:end]),
            )
        return table

    def _names(self, width: int) -> tuple[int, int]:
        """Widths of the first two columns: as needed, at most 2/5 and 1/5 of the line."""
        table = self._summary.table
        name = max((cell_len(plain(name)) for name in table.platforms), default=8)
        shown = max(
            (cell_len(plain(hardware(info))) for info in self._summary.platforms), default=8
        )
        return (
            max(8, min(name, width * 2 // 5)),
            max(8, min(shown, width // 5)),
        )

    def _width(self, column: int) -> int:
        table = self._summary.table
        cells = (cell_len(cell_text(row[column])) for row in table.rows)
        return max(cell_len(table.letters[column]), *cells)


def cell_style(cell: TableCell | None) -> str:
    """Bold: the class appears first here; dim: equal to the cell on the left, or not available;
    red: missing."""
    if cell is None or cell.number is None:
        return "red" if cell is None or cell.available else "dim"
    if cell.repeated:
        return "bold dim" if cell.first else "dim"
    return "bold" if cell.first else ""


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
        for line in table_remarks(self._table):
            yield Text(line, style="dim")

    def _widths(self, line: int) -> list[int]:
        """The width of each column: its longest value or word of its head, within bounds."""
        found = []
        for place, column in enumerate(self._table.columns):
            words = [cell_len(word) for word in plain(head(column)).split(" ")]
            values = [cell_len(plain(shown(row[place]))) for row in self._table.rows]
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
