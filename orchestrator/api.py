"""For notebooks and scripts: a store's analyses as tables, Python values or DataFrames.

from orchestrator import api
frame = api.frame("results", "platforms", api.Choice(workload="cifar10-small"))
found = api.findings("results")
found.summary.partitions[0].remaining_precision

A package that adds a table or a format makes it of ``Column``, ``Table`` and ``Format``.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from orchestrator.analysis.bounds import UNBOUNDED, Bounds
from orchestrator.analysis.classes.consequences import Tensor, Tensors
from orchestrator.analysis.classes.difference import difference as compared
from orchestrator.analysis.findings import EVERYTHING, Findings
from orchestrator.analysis.layers.moved import with_partings
from orchestrator.analysis.observations.comparable import comparable, with_widened
from orchestrator.analysis.observations.labels import (
    PARTS,
    Choice,
    labels_by_part,
    planned_of_store,
)
from orchestrator.analysis.observations.members import regrouped
from orchestrator.analysis.observations.software import by_one_software
from orchestrator.analysis.tables.registry import TABLES
from orchestrator.errors import UsageError
from orchestrator.model.experiment import COMPARABLE
from orchestrator.report.formats import Format
from orchestrator.results.comparison import BY_PLATFORM, NO_REMARKS, Noun, noun_of
from orchestrator.results.difference import Difference
from orchestrator.results.partitions import Partition, TableCell
from orchestrator.results.record import Asked, Observation
from orchestrator.results.table import Column, ColumnKind, Table, Value
from orchestrator.results.tolerance import parse_tolerance
from orchestrator.store.baseline import read_baseline
from orchestrator.store.confirmations import read_confirmations
from orchestrator.store.read import Store, read
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
    compare: Sequence[str] | None = None,
) -> Findings:
    """Read every run at or below ``store``; what was not chosen is left out before analysis.

    Each variant is shown as its last software computed it; ``software`` names others
    (``onnxruntime 1.24.1``), or ``all``, which are variants of their own.

    ``cells`` keeps these alone, by their ids. With ``strict`` non-deterministic platforms stand
    apart. ``bounds`` may end the work early. ``compare`` names the axes whose combinations are the
    members of a partition, by default those of the store's plans. Raises ``UsageError`` where
    there is no run, where nothing is what ``choice`` says, or where the plans compare along
    different axes and ``compare`` does not choose.
    """
    stored = read(Path(store))
    asked = [row for row in stored.records if cells is None or row.cell in cells]
    plan = [row for row in stored.planned if cells is None or row.cell in cells]
    told = by_one_software(asked, plan, software)
    axes = _axes(store, stored, compare)
    tensors: Tensors = StoredTensors(stored.runs)
    remarks = NO_REMARKS
    if axes != BY_PLATFORM:
        mapped = tuple(dict.fromkeys(pair for each in stored.asked for pair in each.outputs))
        again = comparable(regrouped(told.records, axes, told.planned), mapped, tensors)
        remarks = again.remarks
        tensors = with_widened(tensors, again.widened)
        members = regrouped(told.planned, axes, told.records)
        told = replace(told, records=again.records, planned=members)
    records = [row for row in told.records if _wanted(row, choice)]
    planned = [row for row in told.planned if _wanted(row, choice)]
    if choice != EVERYTHING and not records and not planned:
        known = labels_by_part((*told.records, *told.planned))
        raise UsageError(f"{store}: {_nothing(choice, known, noun_of(axes))}")
    return Findings(
        records,
        stored.fingerprints,
        planned_of_store(planned, told.reasons),
        tensors,
        strict=strict,
        bounds=bounds,
        software=told.names,
        notes=told.notes,
        compare=axes,
        remarks=remarks,
        confirmations=read_confirmations(Path(store)),
    )


def table(
    store: Path | str,
    name: str,
    choice: Choice = EVERYTHING,
    *,
    strict: bool = False,
    software: Sequence[str] = (),
    compare: Sequence[str] | None = None,
) -> Table:
    """The table that ``eqc report STORE --show NAME`` prints.

    Raises ``UsageError`` for a name that is none of ``TABLES``, and as ``findings`` does.
    """
    if name not in TABLES:
        raise UsageError(f"no table {name!r}: there are {', '.join(TABLES)}")
    found = findings(store, choice, strict=strict, software=software, compare=compare)
    return TABLES[name](found)


def frame(
    store: Path | str,
    name: str,
    choice: Choice = EVERYTHING,
    *,
    strict: bool = False,
    software: Sequence[str] = (),
    compare: Sequence[str] | None = None,
) -> pd.DataFrame:
    """``table`` as a DataFrame (``as_frame``)."""
    return as_frame(table(store, name, choice, strict=strict, software=software, compare=compare))


def _axes(store: Path | str, stored: Store, wanted: Sequence[str] | None) -> tuple[str, ...]:
    """The axes to compare along, in the order of ``COMPARABLE``, each once."""
    if wanted is not None:
        unknown = [axis for axis in wanted if axis not in COMPARABLE]
        if unknown or not wanted:
            what = repr(unknown[0]) if unknown else "nothing"
            near = difflib.get_close_matches(unknown[0], COMPARABLE, 1) if unknown else []
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise UsageError(f"compare: {what} is no axis{hint}; there are {', '.join(COMPARABLE)}")
        return tuple(axis for axis in COMPARABLE if axis in wanted)
    asked = dict.fromkeys(
        tuple(axis for axis in COMPARABLE if axis in each.axes) for each in stored.asked
    )
    if len(asked) > 1:
        said = "; ".join(",".join(axes) for axes in asked)
        raise UsageError(
            f"{store}: its runs compare along different axes ({said}): choose with --compare"
        )
    return next(iter(asked), BY_PLATFORM) or BY_PLATFORM


@dataclass(frozen=True, eq=False)
class Side:
    """One side of a comparison: what was found, and the tensors that are stored of it."""

    partitions: tuple[Partition, ...] = ()
    tensors: Tensors | None = None
    compare: tuple[str, ...] = ()
    """The axes of its members; empty: not said, as in a report of platforms."""
    members: tuple[str, ...] = ()
    records: Sequence[Observation] = ()
    """None of a report."""


def side(path: Path, compare: Sequence[str] | None = None) -> Side:
    """A store's partitions and tensors, or the partitions of a JSON report, which has no tensors.

    ``compare``: as in ``findings``; a report has been made along the axes that it says.

    Raises ``UsageError`` where it is neither.
    """
    if not path.is_dir():
        report = read_baseline(path)
        return Side(report.partitions, None, report.compare, report.members)
    found = findings(path, compare=compare)
    members = found.observations.keys["platform"].names
    return Side(found.described, found.tensors, found.compare, members, found.records)


def axes_of_both(before: Side, after: Side) -> tuple[str, ...]:
    """The axes whose combinations are the members of both sides.

    Raises ``UsageError`` where they compare along different ones, which no member has in common.
    """
    said = [one.compare for one in (before, after) if one.partitions and one.compare]
    if len(set(said)) > 1:
        old, new = (",".join(axes) for axes in said)
        raise UsageError(
            f"the baseline compares along {old}, the current results along {new}: give --compare "
            "for stores; a report stays as it was made, --accept replaces it"
        )
    return said[0] if said else BY_PLATFORM


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
    compare: Sequence[str] | None = None,
) -> Difference:
    """What ``eqc diff BASELINE CURRENT`` shows; each is a store or a JSON report.

    Raises ``UsageError`` where one is neither, for a text that is no tolerance, and where
    ``ignore`` makes several rows of one side one, or the two compare along different axes.
    """
    before, after = side(Path(baseline), compare), side(Path(current), compare)
    found = compared(
        before.partitions,
        after.partitions,
        tensors=tensors_of(before, after),
        tolerances=tuple(parse_tolerance(text) for text in tolerances),
        ignore=tuple(ignore),
        compare=axes_of_both(before, after),
    )
    return with_partings(found, before.records, after.records)


def _wanted(row: Asked, choice: Choice) -> bool:
    return choice is EVERYTHING or choice.accepts(row)


def _nothing(choice: Choice, known: dict[str, tuple[str, ...]], noun: Noun) -> str:
    for part in PARTS:
        wanted = getattr(choice, part)
        if wanted is not None and wanted not in known[part]:
            return f"no {part} {wanted!r}; there are: {', '.join(known[part])}"
    if not any(choice.has_platform(name) for name in known["platform"]):
        names = known["platform"]
        shown = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
        return f"no {noun.one} matches {' or '.join(choice.platforms)}; there are: {shown}"
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
