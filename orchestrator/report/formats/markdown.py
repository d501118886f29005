"""The report and its tables as Markdown: for issues, pull requests and notebooks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orchestrator.report.escape import markdown
from orchestrator.report.formats import Format
from orchestrator.report.values import head, is_right, key_lines, notes, shown
from orchestrator.report.words import (
    cell_text,
    column_name,
    compared,
    determinism,
    finding,
    footnotes,
    hardware,
    legend,
    observations,
    title,
)
from orchestrator.results.partitions import Summary, TableCell
from orchestrator.results.table import Table, Value
from orchestrator.system.counted import counted


def markdown_text(summary: Summary) -> str:
    """Class table, partitions, missing cells and notes, as GitHub-flavoured Markdown."""
    return "\n".join(_lines(summary)) + "\n"


def _lines(summary: Summary) -> Iterator[str]:
    table = summary.table
    yield f"# {markdown(title(summary))}"
    yield ""
    yield (
        f"{summary.noun.counted(len(table.platforms))}, "
        f"{counted(len(summary.partitions), 'partition')}, "
        f"{observations(summary)}{compared(summary)}."
    )
    if not summary.partitions:
        return
    yield ""
    yield "## Classes"
    yield ""
    infos = {info.name: info for info in summary.platforms}
    yield from _table(
        [summary.noun.one, "hardware", *table.letters],
        [
            [markdown(name), markdown(hardware(infos[name])), *(_cell(cell) for cell in row)]
            for name, row in zip(table.platforms, table.rows, strict=True)
        ],
    )
    yield ""
    yield markdown(legend(summary)) + " Bold: the class appears for the first time."
    yield ""
    yield "## Partitions"
    yield ""
    for letter, partition in zip(table.letters, summary.partitions, strict=True):
        found = finding(partition, summary.noun)
        yield f"- **{letter}** {markdown(column_name(partition.key))}: {found}"
    yield ""
    yield determinism(summary)
    if table.footnotes:
        yield ""
        yield "## Without output"
        yield ""
        for sign, footnote in footnotes(table):
            yield f"- {markdown(sign)} {markdown(footnote)}"
    notes = [*summary.notes]
    notes += [f"{info.name}: {note}" for info in summary.platforms for note in info.notes]
    notes += [f"{column_name(p.key)}: {note}" for p in summary.partitions for note in p.notes]
    if notes:
        yield ""
        yield "## Notes"
        yield ""
        for note in notes:
            yield f"- {markdown(note)}"


def _cell(cell: TableCell | None) -> str:
    text = markdown(cell_text(cell))
    return f"**{text}**" if cell is not None and cell.first else text


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(heads) + " |"
    yield "|" + "|".join("---" if column < 2 else "--:" for column in range(len(heads))) + "|"
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def table_markdown(table: Table) -> str:
    """GitHub-flavoured Markdown; a class is bold where it appears for the first time."""
    return "\n".join(_table_lines(table)) + "\n"


def _table_lines(table: Table) -> Iterator[str]:
    yield f"## {markdown(table.title)}"
    yield ""
    yield _row(markdown(head(column)) for column in table.columns)
    yield _row("--:" if is_right(column) else "---" for column in table.columns)
    for row in table.rows:
        yield _row(_table_cell(value) for value in row)
    below = notes(table)
    if key_lines(table) or below:
        yield ""
    for short, name in key_lines(table):
        yield f"- **{markdown(short)}** {markdown(name)}"
    for note in below:
        yield f"- {markdown(note)}"


def _row(cells: Iterator[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _table_cell(value: Value) -> str:
    text = markdown(shown(value))
    return f"**{text}**" if isinstance(value, TableCell) and value.first else text


FORMAT = Format("markdown", ".md", report=markdown_text, table=table_markdown)
