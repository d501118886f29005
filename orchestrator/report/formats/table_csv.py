"""An analysis's table as CSV: heads and rows alone, for spreadsheets and programs."""

from __future__ import annotations

import csv
import io

from orchestrator.report.escape import csv_cell
from orchestrator.report.values import exact, full_head
from orchestrator.results.table import Table, Value


def table_csv(table: Table) -> str:
    """Lines end with ``\\r\\n`` (RFC 4180); numbers have every digit.

    Texts that a spreadsheet would run as a formula get an apostrophe in front. Notes are left
    out: the other formats have them.
    """
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow([csv_cell(full_head(column)) for column in table.columns])
    for row in table.rows:
        writer.writerow([_cell(value) for value in row])
    return file.getvalue()


def _cell(value: Value) -> str:
    text = exact(value)
    return csv_cell(text) if isinstance(value, str) else text
