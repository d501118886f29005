"""Values and column heads of an analysis's table as text."""

from __future__ import annotations

from orchestrator.report.words import cell_text
from orchestrator.results.partitions import TableCell
from orchestrator.results.table import Column, ColumnKind, Table, Value

_RIGHT = frozenset((ColumnKind.COUNT, ColumnKind.MEASURE, ColumnKind.CLASS))


def shown(value: Value) -> str:
    """For people: six significant digits, ``yes`` and ``no``, ``3*``; ``None`` is empty text."""
    return f"{value:.6g}" if isinstance(value, float) else exact(value)


def exact(value: Value) -> str:
    """For programs: numbers with all digits, other values as ``shown``."""
    if value is None:
        return ""
    if isinstance(value, TableCell):
        return cell_text(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return repr(value) if isinstance(value, float) else str(value)


def notes(table: Table) -> tuple[str, ...]:
    """Those of the table, and what an empty value means where there is one."""
    if any(value is None for row in table.rows for value in row):
        return (*table.notes, f"Empty: {table.blank}.")
    return table.notes


def head(column: Column) -> str:
    """The short name, or the name with its unit: ``memory (GiB)``."""
    return column.short or full_head(column)


def full_head(column: Column) -> str:
    """The name with its unit."""
    return f"{column.name} ({column.unit})" if column.unit else column.name


def is_right(column: Column) -> bool:
    """Whether its values are aligned to the right, as numbers are."""
    return column.kind in _RIGHT


def key_lines(table: Table) -> tuple[tuple[str, str], ...]:
    """(short name, full name) of the columns that have a short name."""
    return tuple((column.short, column.name) for column in table.columns if column.short)
