"""One analysis as a table of scalars, for all formats of reports and for notebooks.

Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from orchestrator.model.experiment import Scalar
from orchestrator.results.partitions import TableCell
from orchestrator.system.counted import counted

Value = Scalar | TableCell


class ColumnKind(StrEnum):
    """The type of a column's values. ``None`` is valid in each kind: not known, or none."""

    TEXT = "text"
    COUNT = "count"
    """Whole numbers."""
    MEASURE = "measure"
    """Real numbers, infinities included."""
    TRUTH = "truth"
    """Booleans."""
    CLASS = "class"
    """``TableCell``: a platform's class in one partition; ``None``: the cell was not planned."""


@dataclass(frozen=True)
class Column:
    """One column. Names are unique within a table."""

    name: str
    kind: ColumnKind = ColumnKind.TEXT
    unit: str | None = None
    """``bits``, ``GiB``, ``ulp``, …; a ``share`` is 0…1."""
    short: str | None = None
    """Column head in narrow formats, which list the full names below the table."""


@dataclass(frozen=True)
class Table:
    """``rows[i][j]`` belongs to ``columns[j]``. Raises ``ValueError`` for a row of another width
    or two columns of one name."""

    name: str
    """The table's name in ``eqc report --show``."""
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    notes: tuple[str, ...] = ()
    """How to read the table, and what is left out of it and why."""
    blank: str = "not known, or not defined"
    """What ``None`` means in it; formats for people say so where there is one."""

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        if len(set(names)) < len(names):
            raise ValueError(f"table {self.name}: two columns of one name: {names}")
        for number, row in enumerate(self.rows):
            if len(row) != len(names):
                raise ValueError(
                    f"table {self.name}: row {number} has {counted(len(row), 'value')}, "
                    f"not {len(names)}"
                )


def partition_name(key: tuple[str, str, str, str]) -> str:
    """``workload · input · variant``, followed by the output unless it is ``output``."""
    workload, given, variant, output = key
    words = [workload, given, variant] + ([] if output == "output" else [output])
    return " · ".join(words)
