"""Tables to format: one with every kind of value, and hostile names."""

from __future__ import annotations

import math

from orchestrator.results.partitions import TableCell
from orchestrator.results.table import Column, ColumnKind, Table
from tests.unit.report.summaries import FORMULA, HOSTILE


def full(name: str = "local") -> Table:
    """A table of three rows; ``name`` is in its title, a heading, a key, a value and a note."""
    return Table(
        "sample",
        f"A table of {name}",
        (
            Column("platform"),
            Column(f"size of {name}", ColumnKind.COUNT, "bits"),
            Column("error", ColumnKind.MEASURE),
            Column("splits", ColumnKind.TRUTH),
            Column(f"net on {name}", ColumnKind.CLASS, short="a"),
        ),
        (
            (name, 23, 1 / 3, True, TableCell(1, first=True)),
            ("[x]", None, math.inf, False, TableCell(1, nondeterministic=True, repeated=True)),
            ("*x", 0, None, None, TableCell(None, footnote=1)),
        ),
        (f"a note on {name}", "[1] failed: died"),
    )


NAMES = (HOSTILE, FORMULA, "$%_#&\\{}~^", "*x", "[x]", "漢字 ĦŦſ é", "a--b,,c''d``e")
