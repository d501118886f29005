"""How far partitions of two experiments agree, as tables for any report format."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.analysis.classes.agreement import Agreement
from orchestrator.analysis.tables.columns import counts
from orchestrator.results.table import Column, ColumnKind, Table

_PAIRS = (
    "Pairs of members that are in one class in both (together), in two in both (apart), or in one "
    "class in one of them only. Classes of two experiments share no outputs."
)
Compared = tuple[str, str, Agreement]
"""The names of two partitions, and how they agree."""


def agreements(compared: Iterable[Compared], first: str, second: str) -> Table:
    """One row per pair of partitions; ``first`` and ``second`` say where these are from."""
    return Table(
        "agreement",
        f"Agreement of the classes of {first} and {second}, by membership",
        (
            Column(first),
            Column(second),
            *counts("members", f"classes of {first}", f"classes of {second}"),
            *counts("together", "apart", f"only in {first}", f"only in {second}"),
            Column("agreeing pairs", ColumnKind.MEASURE, "share"),
            Column("adjusted Rand index", ColumnKind.MEASURE),
            Column("relation"),
        ),
        tuple(
            (
                one,
                other,
                len(found.members),
                len({each for each, _, _ in found.classes}),
                len({each for _, each, _ in found.classes}),
                found.together,
                found.apart,
                found.only_first,
                found.only_second,
                None if found.rand is None else float(found.rand),
                None if found.adjusted_rand is None else float(found.adjusted_rand),
                _relation(found, first, second),
            )
            for one, other, found in compared
        ),
        (_PAIRS,),
        "chance alone gives equal partitions",
    )


def common_classes(found: Agreement, first: str, second: str) -> Table:
    """One row per class of ``first`` and class of ``second`` that have members in common."""
    return Table(
        "common-classes",
        f"Members by their classes in {first} and {second}",
        (Column(first), Column(second), *counts("members"), Column("names")),
        tuple(
            (str(one), str(other), len(names), ", ".join(names))
            for one, other, names in found.classes
        ),
    )


def _relation(found: Agreement, first: str, second: str) -> str:
    if found.only_first and found.only_second:
        return "neither divides the other"
    if found.only_first:
        return f"{second} divides classes of {first}"
    return f"{first} divides classes of {second}" if found.only_second else "equal"
