"""The class table as LaTeX, in the form of the study's Table SUP-1."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orchestrator.report.cells import cell_text
from orchestrator.report.escape import latex
from orchestrator.report.formats.latex_columns import Layout, fitted
from orchestrator.report.formats.latex_rows import PREAMBLE, item, row, words
from orchestrator.report.words import column_name, finding, hardware, legend, title
from orchestrator.results.partitions import Summary, TableCell


def latex_text(summary: Summary) -> str:
    """A ``longtable`` and its key, to be taken in with ``\\input``; comments name its packages."""
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
    yield row(["platform", "hardware", *table.letters])
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
        about = latex(f"{column_name(partition.key)}: {finding(partition)}")
        yield item(letter, about)
    for number, footnote in enumerate(table.footnotes, start=1):
        yield item(f"--[{number}]", latex(footnote))
    yield r"\end{itemize}"


def _layout(summary: Summary, names: Sequence[tuple[str, str]]) -> Layout:
    rows = summary.table.rows
    needed = [max(map(len, texts)) for texts in zip(*names, ("platform", "hardware"), strict=True)]
    needed += [max(len(cell_text(row[place])) for row in rows) for place in range(len(rows[0]))]
    return fitted(needed, [place > 1 for place in range(len(needed))])


def _cell(cell: TableCell | None) -> str:
    text = latex(cell_text(cell))
    if cell is None or cell.number is None:
        return text
    if cell.first:
        return rf"\textbf{{{text}}}"
    return rf"\textcolor{{gray}}{{{text}}}" if cell.repeated else text
