"""One cell of the class table, as text."""

from __future__ import annotations

from orchestrator.results.partitions import TableCell

DASH = "\N{EN DASH}"
"""A missing cell; not a hyphen, which would make the footnote's number negative."""


def cell_text(cell: TableCell | None) -> str:
    """``3``, ``3*``, a dash and ``[1]`` where missing (footnote 1), nothing where not asked for."""
    if cell is None:
        return ""
    if cell.number is None:
        return DASH if cell.footnote is None else f"{DASH}[{cell.footnote}]"
    return f"{cell.number}*" if cell.nondeterministic else str(cell.number)
