"""The report as CSV, one row per platform and partition with reasons, and single tables as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from orchestrator.report.escape import csv_cell
from orchestrator.report.formats import Format
from orchestrator.report.values import exact, full_head
from orchestrator.report.words import hardware, kind
from orchestrator.results.partitions import Partition, Summary
from orchestrator.results.table import Table, Value

HEAD = (
    "workload",
    "input",
    "variant",
    "output",
    "platform",
    "kind",
    "hardware",
    "class_number",
    "class_id",
    "nondeterministic",
    "status",
    "reason",
)


def csv_text(summary: Summary) -> str:
    """Platforms in table order within each partition; lines end with ``\\r\\n`` (RFC 4180).

    Cells that a spreadsheet would run as a formula get an apostrophe in front.
    """
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(summary.noun.heads(HEAD))
    for partition in summary.partitions:
        for row in _rows(summary, partition):
            writer.writerow([csv_cell(cell) for cell in row])
    return file.getvalue()


def _rows(summary: Summary, partition: Partition) -> Iterator[tuple[str, ...]]:
    groups = {name: group for group in partition.classes for name in group.platforms}
    absent = {missing.platform: missing for missing in partition.without_output}
    varying = frozenset(partition.nondeterministic)
    for info in summary.platforms:
        about = (*partition.key, info.name, kind(info), hardware(info))
        if info.name in groups:
            group = groups[info.name]
            varies = "yes" if info.name in varying else "no"
            yield (*about, str(group.number), group.id, varies, "ok", "")
        elif info.name in absent:
            missing = absent[info.name]
            yield (*about, "", "", "", missing.status, missing.reason)


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


FORMAT = Format("csv", ".csv", report=csv_text, table=table_csv)
