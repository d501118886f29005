"""The report and its tables as plain text, for logs, files and pipes: no colour, no wrapping."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from orchestrator.report.escape import plain
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
from orchestrator.results.partitions import Summary
from orchestrator.results.table import Table
from orchestrator.system.counted import counted


def plain_text(summary: Summary) -> str:
    """The class table, its legend, one line per partition, and the remarks."""
    return "\n".join(_lines(summary)) + "\n"


def partition_lines(summary: Summary) -> Iterator[str]:
    """One line per partition: its letter, its name, and its classes and precision."""
    for letter, partition in zip(summary.table.letters, summary.partitions, strict=True):
        yield f"{letter}  {plain(column_name(partition.key))}: {finding(partition, summary.noun)}"


def remarks(summary: Summary) -> Iterator[str]:
    """Determinism, footnotes of missing cells, and notes on the data."""
    if summary.partitions:
        yield determinism(summary)
    for sign, footnote in footnotes(summary.table):
        yield f"{sign} {plain(footnote)}"
    for partition in summary.partitions:
        for note in partition.notes:
            yield f"Note, {plain(column_name(partition.key))}: {plain(note)}"
    for info in summary.platforms:
        for note in info.notes:
            yield f"Note, {plain(info.name)}: {plain(note)}"
    for note in summary.notes:
        yield f"Note: {plain(note)}"


def _lines(summary: Summary) -> Iterator[str]:
    table = summary.table
    yield (
        f"{plain(title(summary))}: {summary.noun.counted(len(table.platforms))}, "
        f"{counted(len(summary.partitions), 'partition')}, "
        f"{observations(summary)}{compared(summary)}"
    )
    if not summary.partitions:
        return
    yield ""
    heads = [summary.noun.one, "hardware", *table.letters]
    infos = {info.name: info for info in summary.platforms}
    rows = [
        [plain(name), plain(hardware(infos[name])), *(cell_text(cell) for cell in row)]
        for name, row in zip(table.platforms, table.rows, strict=True)
    ]
    yield from aligned(heads, rows, [place > 1 for place in range(len(heads))])
    yield ""
    yield legend(summary)
    yield ""
    yield from partition_lines(summary)
    yield ""
    yield from remarks(summary)


def aligned(
    heads: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool]
) -> Iterator[str]:
    """Heads, a rule and the rows; ``right`` marks the columns that are aligned to the right."""
    widths = [
        max(cell_len(line[column]) for line in (heads, *rows)) for column in range(len(heads))
    ]
    for line in (heads, ["-" * width for width in widths], *rows):
        cells = (
            _pad(text, width, left=not to_right)
            for text, width, to_right in zip(line, widths, right, strict=True)
        )
        yield "  ".join(cells).rstrip()


def _pad(text: str, width: int, *, left: bool) -> str:
    space = " " * (width - cell_len(text))
    return text + space if left else space + text


def table_text(table: Table) -> str:
    """Title, rows, the full names of short column heads, and the notes."""
    return "\n".join(_table_lines(table)) + "\n"


def table_remarks(table: Table) -> Iterator[str]:
    """The full names of short column heads, then the notes."""
    for short, name in key_lines(table):
        yield f"{plain(short)}  {plain(name)}"
    for note in notes(table):
        yield plain(note)


def _table_lines(table: Table) -> Iterator[str]:
    yield plain(table.title)
    yield ""
    yield from aligned(
        [plain(head(column)) for column in table.columns],
        [[plain(shown(value)) for value in row] for row in table.rows],
        [is_right(column) for column in table.columns],
    )
    below = tuple(table_remarks(table))
    if below:
        yield ""
        yield from below


FORMAT = Format("table", ".txt", report=plain_text, table=table_text)
"""On a terminal `eqc report` shows ``report.terminal`` instead."""
