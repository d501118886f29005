"""For notebooks and scripts: a store's analyses as tables, Python values or DataFrames.

from orchestrator import api
frame = api.frame("results", "platforms", api.Choice(workload="cifar10-small"))
found = api.findings("results")
found.summary.partitions[0].remaining_precision

A package that adds a table or a format makes it of ``Column``, ``Table`` and ``Format``.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from orchestrator.analysis.classes.consequences import Tensor, Tensors
from orchestrator.analysis.classes.difference import difference as compare
from orchestrator.analysis.findings import EVERYTHING, UNBOUNDED, Bounds, Findings
from orchestrator.analysis.observations.labels import (
    PARTS,
    Choice,
    labels_by_part,
    planned_of_store,
)
from orchestrator.analysis.observations.software import by_one_software
from orchestrator.analysis.tables.registry import TABLES
from orchestrator.errors import UsageError
from orchestrator.report.formats import Format
from orchestrator.results.difference import Difference
from orchestrator.results.partitions import Partition, TableCell
from orchestrator.results.record import Asked
from orchestrator.results.table import Column, ColumnKind, Table, Value
from orchestrator.results.tolerance import parse_tolerance
from orchestrator.store.baseline import read_baseline
from orchestrator.store.read import read
from orchestrator.store.tensors import StoredTensors

__all__ = [
    "TABLES",
    "Bounds",
    "Choice",
    "Column",
    "ColumnKind",
    "Findings",
    "Format",
    "Table",
    "difference",
    "findings",
    "frame",
    "table",
]

_SHOWN = 10
"""Names of platforms in a message."""


def findings(
    store: Path | str,
    choice: Choice = EVERYTHING,
    *,
    strict: bool = False,
    cells: Collection[str] | None = None,
    bounds: Bounds = UNBOUNDED,
    software: Sequence[str] = (),
) -> Findings:
    """Read every run at or below ``store``; what was not chosen is left out before analysis.

    Each variant is shown as its last software computed it; ``software`` names others
    (``onnxruntime 1.24.1``), or ``all``, which are variants of their own.

    ``cells`` keeps these alone, by their ids. With ``strict`` non-deterministic platforms stand
    apart. ``bounds`` may end the work early. Raises ``UsageError`` where there is no run, or where
    nothing is what ``choice`` says.
    """
    stored = read(Path(store))
    asked = [row for row in stored.records if cells is None or row.cell in cells]
    plan = [row for row in stored.planned if cells is None or row.cell in cells]
    told = by_one_software(asked, plan, software)
    records = [row for row in told.records if _wanted(row, choice)]
    planned = [row for row in told.planned if _wanted(row, choice)]
    if choice != EVERYTHING and not records and not planned:
        known = labels_by_part((*told.records, *told.planned))
        raise UsageError(f"{store}: {_nothing(choice, known)}")
    return Findings(
        records,
        stored.fingerprints,
        planned_of_store(planned, told.reasons),
        StoredTensors(stored.runs),
        strict=strict,
        bounds=bounds,
        software=told.names,
        notes=told.notes,
    )


def table(
    store: Path | str,
    name: str,
    choice: Choice = EVERYTHING,
    *,
    strict: bool = False,
    software: Sequence[str] = (),
) -> Table:
    """The table that ``eqc report STORE --show NAME`` prints.

    Raises ``UsageError`` for a name that is none of ``TABLES``, and as ``findings`` does.
    """
    if name not in TABLES:
        raise UsageError(f"no table {name!r}: there are {', '.join(TABLES)}")
    return TABLES[name](findings(store, choice, strict=strict, software=software))


def frame(
    store: Path | str,
    name: str,
    choice: Choice = EVERYTHING,
    *,
    strict: bool = False,
    software: Sequence[str] = (),
) -> pd.DataFrame:
    """``table`` as a DataFrame (``as_frame``)."""
    return as_frame(table(store, name, choice, strict=strict, software=software))


@dataclass(frozen=True, eq=False)
class Side:
    """One side of a comparison: what was found, and the tensors that are stored of it."""

    partitions: tuple[Partition, ...] = ()
    tensors: Tensors | None = None


def side(path: Path) -> Side:
    """A store's partitions and tensors, or the partitions of a JSON report, which has no tensors.

    Raises ``UsageError`` where it is neither.
    """
    if not path.is_dir():
        return Side(read_baseline(path))
    found = findings(path)
    return Side(found.described, found.tensors)


def tensors_of(*sides: Side) -> Tensors:
    """Tensors of any of ``sides``: equal digests are equal tensors, wherever they are stored."""

    def find(digest: str) -> Tensor | None:
        found = (one.tensors(digest) for one in sides if one.tensors is not None)
        return next((tensor for tensor in found if tensor is not None), None)

    return find


def difference(
    baseline: Path | str,
    current: Path | str,
    *,
    tolerances: Sequence[str] = (),
    ignore: Sequence[str] = (),
) -> Difference:
    """What ``eqc diff BASELINE CURRENT`` shows; each is a store or a JSON report.

    Raises ``UsageError`` where one is neither, for a text that is no tolerance, and where
    ``ignore`` makes several rows of one side one.
    """
    before, after = side(Path(baseline)), side(Path(current))
    return compare(
        before.partitions,
        after.partitions,
        tensors=tensors_of(before, after),
        tolerances=tuple(parse_tolerance(text) for text in tolerances),
        ignore=tuple(ignore),
    )


def _wanted(row: Asked, choice: Choice) -> bool:
    return choice is EVERYTHING or choice.accepts(row)


def _nothing(choice: Choice, known: dict[str, tuple[str, ...]]) -> str:
    for part in PARTS:
        wanted = getattr(choice, part)
        if wanted is not None and wanted not in known[part]:
            return f"no {part} {wanted!r}; there are: {', '.join(known[part])}"
    if not any(choice.has_platform(name) for name in known["platform"]):
        names = known["platform"]
        shown = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
        return f"no platform matches {' or '.join(choice.platforms)}; there are: {shown}"
    return "nothing was observed or planned that is all of what was chosen"


_TYPES = {
    ColumnKind.TEXT: "str",
    ColumnKind.COUNT: "Int64",
    ColumnKind.MEASURE: "Float64",
    ColumnKind.TRUTH: "boolean",
    ColumnKind.CLASS: "Int64",
}


def as_frame(table: Table) -> pd.DataFrame:
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
