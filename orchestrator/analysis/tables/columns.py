"""Columns that several tables share."""

from __future__ import annotations

from orchestrator.results.partitions import ClassTable
from orchestrator.results.table import Column, ColumnKind, partition_name

COMPUTATION = (Column("workload"), Column("input"), Column("variant"))
PARTITION = (*COMPUTATION, Column("output"))


def by_partition(table: ClassTable, kind: ColumnKind) -> tuple[Column, ...]:
    """One column per partition, with the letters of the class table."""
    return tuple(
        Column(partition_name(key), kind, short=letter)
        for key, letter in zip(table.columns, table.letters, strict=True)
    )


def counts(*names: str) -> tuple[Column, ...]:
    """Columns of whole numbers."""
    return tuple(Column(name, ColumnKind.COUNT) for name in names)


def joined(values: tuple[str, ...]) -> str:
    """Names in one cell."""
    return ", ".join(values)
