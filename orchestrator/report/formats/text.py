"""The table report as plain text, for logs, files and pipes: no colour, no wrapping."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.report.formats.aligned import aligned
from orchestrator.report.cells import DASH, cell_text
from orchestrator.report.escape import plain
from orchestrator.report.words import (
    column_name,
    counted,
    determinism,
    finding,
    hardware,
    legend,
    title,
)
from orchestrator.results.partitions import Summary


def plain_text(summary: Summary) -> str:
    """The class table, its legend, one line per partition, and what else must be known."""
    return "\n".join(_lines(summary)) + "\n"


def partition_lines(summary: Summary) -> Iterator[str]:
    """One line per partition: its letter, what it is, and what was found."""
    for letter, partition in zip(summary.table.letters, summary.partitions, strict=True):
        yield f"{letter}  {plain(column_name(partition.key))}: {finding(partition)}"


def remarks(summary: Summary) -> Iterator[str]:
    """Determinism, footnotes of missing cells, and notes on the data."""
    if summary.partitions:
        yield determinism(summary)
    for number, footnote in enumerate(summary.table.footnotes, start=1):
        yield f"{DASH}[{number}] {plain(footnote)}"
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
        f"{plain(title(summary))}: {counted(len(table.platforms), 'platform')}, "
        f"{counted(len(summary.partitions), 'partition')}, "
        f"{counted(summary.observations, 'observation')}"
    )
    if not summary.partitions:
        return
    yield ""
    heads = ["platform", "hardware", *table.letters]
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
