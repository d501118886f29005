"""One analysis as a table of scalars: what every format prints and every notebook loads.

Standard library only, like ``partitions``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from orchestrator.model.experiment import Scalar
from orchestrator.results.partitions import TableCell

Value = Scalar | TableCell


class ColumnKind(StrEnum):
    """What the values of a column are. ``None`` is allowed in each: not known, or none."""

    TEXT = "text"
    COUNT = "count"
    """Whole numbers."""
    MEASURE = "measure"
    """Real numbers, infinities included."""
    TRUTH = "truth"
    """Booleans."""
    CLASS = "class"
    """``TableCell``: a platform's class in one partition; ``None``: it was not asked for."""


@dataclass(frozen=True)
class Column:
    """One column. Names are unique within a table."""

    name: str
    kind: ColumnKind = ColumnKind.TEXT
    unit: str | None = None
    """``bits``, ``GiB``, ``ulp``, …; a ``share`` is 0…1."""
    short: str | None = None
    """What narrow formats put at the top; they list the names below."""


@dataclass(frozen=True)
class Table:
    """``rows[i][j]`` belongs to ``columns[j]``. Raises ``ValueError`` for a row of another width
    or two columns of one name."""

    name: str
    """As ``eqc report --show`` takes it."""
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    notes: tuple[str, ...] = ()
    """How to read it, and what is not in it and why."""

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        if len(set(names)) < len(names):
            raise ValueError(f"table {self.name}: two columns of one name: {names}")
        for number, row in enumerate(self.rows):
            if len(row) != len(names):
                raise ValueError(
                    f"table {self.name}: row {number} has {len(row)} values, not {len(names)}"
                )


def partition_name(key: tuple[str, str, str, str]) -> str:
    """``workload · input · variant``, and the output where it is not the only one."""
    workload, given, variant, output = key
    words = [workload, given, variant] + ([] if output == "output" else [output])
    return " · ".join(words)
