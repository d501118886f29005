"""The class table on the page: its heads, and which of its rows and columns are shown."""

from __future__ import annotations

from orchestrator.results.partitions import ClassTable

CELLS = 20_000
COLUMNS = 120
"""Columns that a browser lays out without a delay; the files to save have all."""
PLATFORMS = 400
"""Platforms whose hardware is listed in full."""


def shown_columns(table: ClassTable) -> int:
    """How many columns, from the left, are shown."""
    return min(len(table.columns), COLUMNS)


def shown_rows(table: ClassTable) -> list[int]:
    """Indices of the shown rows: the first, and every one in which a class appears first."""
    columns = shown_columns(table)
    room = CELLS // max(columns, 1)
    if len(table.rows) <= room:
        return list(range(len(table.rows)))
    first = [
        row
        for row, cells in enumerate(table.rows)
        if any(cell is not None and cell.first for cell in cells[:columns])
    ][:room]
    others = room - len(first)
    firsts = set(first)
    rest = [row for row in range(len(table.rows)) if row not in firsts][:others]
    return sorted((*first, *rest))


def heads(table: ClassTable) -> list[list[tuple[str, int]]]:
    """Rows of column heads above the letters: workload, variant, input and, where some
    partition has a named one, output; each as (text, columns it spans)."""
    keys = table.columns[: shown_columns(table)]
    order = (0, 2, 1, 3) if any(key[3] != "output" for key in keys) else (0, 2, 1)
    rows: list[list[tuple[str, int]]] = []
    for depth in range(1, len(order) + 1):
        prefixes = [tuple(key[part] for part in order[:depth]) for key in keys]
        spans: list[tuple[str, int]] = []
        for position, prefix in enumerate(prefixes):
            if position and prefix == prefixes[position - 1]:
                spans[-1] = (spans[-1][0], spans[-1][1] + 1)
            else:
                spans.append((prefix[-1], 1))
        rows.append(spans)
    return rows
