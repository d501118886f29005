"""Columns that several tables share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.errors import NotOfPlatforms
from orchestrator.results.comparison import BY_PLATFORM
from orchestrator.results.partitions import ClassTable
from orchestrator.results.table import Column, ColumnKind, partition_name

if TYPE_CHECKING:
    from orchestrator.analysis.findings import Findings

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


def only_for_platforms(findings: Findings, table: str) -> None:
    """Raises ``NotOfPlatforms`` where the members of partitions are not platforms."""
    if findings.compare != BY_PLATFORM:
        raise NotOfPlatforms(
            f"the table {table!r} puts platforms in order of their hardware, but what is compared "
            f"here is {', '.join(findings.compare)}: `--compare platform --show {table}` has it"
        )
