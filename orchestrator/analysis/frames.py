"""Tables as DataFrames, for notebooks and scripts."""

from __future__ import annotations

from typing import Any

import pandas as pd

from orchestrator.results.partitions import TableCell
from orchestrator.results.table import ColumnKind, Table, Value

_TYPES = {
    ColumnKind.TEXT: "str",
    ColumnKind.COUNT: "Int64",
    ColumnKind.MEASURE: "Float64",
    ColumnKind.TRUTH: "boolean",
    ColumnKind.CLASS: "Int64",
}


def frame(table: Table) -> pd.DataFrame:
    """One column per column of ``table``, typed, missing values as ``NA``.

    A column of classes holds their numbers. Where a platform of it is non-deterministic, a
    boolean column ``<name> *`` follows it. ``attrs`` has ``title``, ``notes`` and, by column,
    ``units``.
    """
    columns: dict[str, pd.Series[Any]] = {}
    for place, column in enumerate(table.columns):
        values = [row[place] for row in table.rows]
        numbers = [_scalar(value) for value in values]
        columns[column.name] = pd.Series(numbers, dtype=_TYPES[column.kind])
        varying = [isinstance(value, TableCell) and value.nondeterministic for value in values]
        if any(varying):
            columns[f"{column.name} *"] = pd.Series(varying, dtype="boolean")
    found = pd.DataFrame(columns, index=pd.RangeIndex(len(table.rows)))
    found.attrs = {
        "title": table.title,
        "notes": table.notes,
        "units": {column.name: column.unit for column in table.columns if column.unit},
    }
    return found


def _scalar(value: Value) -> Any:
    return value.number if isinstance(value, TableCell) else value
