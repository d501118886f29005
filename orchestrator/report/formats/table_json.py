"""An analysis's table as JSON (docs/formats.md, section 7)."""

from __future__ import annotations

import json
import math
from typing import Any

from orchestrator.results.partitions import TableCell
from orchestrator.results.table import Table, Value


def table_json(table: Table) -> str:
    """ASCII text, so that no name can steer a terminal."""
    return json.dumps(table_document(table), indent=1) + "\n"


def table_document(table: Table) -> dict[str, Any]:
    """``{"schema": 1, "table", "title", "columns", "rows", "notes"}``, rows as lists."""
    return {
        "schema": 1,
        "table": table.name,
        "title": table.title,
        "columns": [
            {"name": column.name, "kind": column.kind.value, "unit": column.unit}
            for column in table.columns
        ],
        "rows": [[_value(value) for value in row] for row in table.rows],
        "notes": list(table.notes),
    }


def _value(value: Value) -> Any:
    if isinstance(value, TableCell):
        return {
            "class": value.number,
            "nondeterministic": value.nondeterministic,
            "first": value.first,
            "repeated": value.repeated,
            "footnote": value.footnote,
        }
    if isinstance(value, float) and not math.isfinite(value):
        # JSON has no such numbers.
        return str(value)
    return value
