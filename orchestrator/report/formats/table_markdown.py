"""An analysis's table as Markdown: for issues, pull requests and notebooks."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.report.escape import markdown
from orchestrator.report.values import head, is_right, key_lines, shown
from orchestrator.results.partitions import TableCell
from orchestrator.results.table import Table, Value


def table_markdown(table: Table) -> str:
    """GitHub-flavoured Markdown; a class is bold where it appears for the first time."""
    return "\n".join(_lines(table)) + "\n"


def _lines(table: Table) -> Iterator[str]:
    yield f"## {markdown(table.title)}"
    yield ""
    yield _row(markdown(head(column)) for column in table.columns)
    yield _row("--:" if is_right(column) else "---" for column in table.columns)
    for row in table.rows:
        yield _row(_cell(value) for value in row)
    if key_lines(table) or table.notes:
        yield ""
    for short, name in key_lines(table):
        yield f"- **{markdown(short)}** {markdown(name)}"
    for note in table.notes:
        yield f"- {markdown(note)}"


def _row(cells: Iterator[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(value: Value) -> str:
    text = markdown(shown(value))
    return f"**{text}**" if isinstance(value, TableCell) and value.first else text
