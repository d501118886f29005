"""The class table as LaTeX, in the form of the study's Table SUP-1."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.report.cells import cell_text
from orchestrator.report.escape import latex
from orchestrator.report.words import column_name, finding, hardware, legend, title
from orchestrator.results_model import Summary, TableCell


def latex_text(summary: Summary) -> str:
    """A ``longtable`` and its key, to be taken in with ``\\input``.

    Needs the packages ``booktabs``, ``longtable`` and ``xcolor``, and for names beyond ASCII
    ``inputenc`` (utf8) with ``fontenc`` (T1), or another engine than pdfLaTeX.
    """
    return "\n".join(_lines(summary)) + "\n"


def _lines(summary: Summary) -> Iterator[str]:
    table = summary.table
    yield r"% \usepackage[utf8]{inputenc} \usepackage[T1]{fontenc}"
    yield r"% \usepackage{booktabs,longtable,xcolor}"
    if not summary.partitions:
        yield f"{latex(title(summary))}: nothing observed."
        return
    yield r"\begin{longtable}{ll" + "r" * len(table.columns) + "}"
    yield r"\toprule"
    yield " & ".join(["platform", "hardware", *table.letters]) + r" \\"
    yield r"\midrule"
    yield r"\endhead"
    infos = {info.name: info for info in summary.platforms}
    for name, row in zip(table.platforms, table.rows, strict=True):
        cells = [latex(name), latex(hardware(infos[name])), *(_cell(cell) for cell in row)]
        yield " & ".join(cells) + r" \\"
    yield r"\bottomrule"
    yield r"\end{longtable}"
    yield ""
    yield r"\noindent " + latex(legend(summary)) + r" Bold: first appearance."
    yield r"\begin{itemize}"
    for letter, partition in zip(table.letters, summary.partitions, strict=True):
        about = latex(f"{column_name(partition.key)}: {finding(partition)}")
        yield rf"\item[{letter}] {about}"
    for number, footnote in enumerate(table.footnotes, start=1):
        yield rf"\item[{{--[{number}]}}] {latex(footnote)}"
    yield r"\end{itemize}"


def _cell(cell: TableCell | None) -> str:
    text = latex(cell_text(cell))
    if cell is None or cell.number is None:
        return text
    if cell.first:
        return rf"\textbf{{{text}}}"
    return rf"\textcolor{{gray}}{{{text}}}" if cell.repeated else text
