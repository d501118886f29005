"""An analysis's table as plain text: no colour, no wrapping."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.report.formats.aligned import aligned
from orchestrator.report.escape import plain
from orchestrator.report.values import head, is_right, key_lines, shown
from orchestrator.results.table import Table


def table_text(table: Table) -> str:
    """Title, rows, what short column names stand for, and the notes."""
    return "\n".join(_lines(table)) + "\n"


def remarks(table: Table) -> Iterator[str]:
    """What short names stand for, then the notes."""
    for short, name in key_lines(table):
        yield f"{plain(short)}  {plain(name)}"
    for note in table.notes:
        yield plain(note)


def _lines(table: Table) -> Iterator[str]:
    yield plain(table.title)
    yield ""
    yield from aligned(
        [plain(head(column)) for column in table.columns],
        [[plain(shown(value)) for value in row] for row in table.rows],
        [is_right(column) for column in table.columns],
    )
    below = tuple(remarks(table))
    if below:
        yield ""
        yield from below
