"""An analysis's table as LaTeX, to be taken in with ``\\input``."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.report.escape import latex
from orchestrator.report.formats.latex_columns import layout, stacked_head
from orchestrator.report.formats.latex_rows import PREAMBLE, item, row, words
from orchestrator.report.values import key_lines, shown
from orchestrator.results.partitions import TableCell
from orchestrator.results.table import Table, Value


def table_latex(table: Table) -> str:
    """A ``longtable`` and its notes; the comments on top name the packages it needs.

    A table with very many columns needs a wider page (``geometry`` or ``pdflscape``).
    """
    return "\n".join(_lines(table)) + "\n"


def _lines(table: Table) -> Iterator[str]:
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
        yield row([_cell(value) for value in values])
    yield r"\bottomrule"
    yield r"\end{longtable}"
    keys, notes = key_lines(table), table.notes
    if keys or notes:
        yield r"\begin{description}\setlength{\itemsep}{0pt}"
        yield from (item(latex(short), latex(name)) for short, name in keys)
        yield from (item("", latex(note)) for note in notes)
        yield r"\end{description}"
    yield r"\endgroup"


def _cell(value: Value) -> str:
    if not isinstance(value, TableCell):
        return words(shown(value))
    text = latex(shown(value))
    if value.number is None:
        return text
    if value.first:
        return rf"\textbf{{{text}}}"
    return rf"\textcolor{{gray}}{{{text}}}" if value.repeated else text
