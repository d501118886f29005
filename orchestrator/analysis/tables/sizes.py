"""Cores, threads and sizes of models: Figures 2 and 4."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from orchestrator.analysis.tables.columns import PARTITION, counts, joined, only_for_platforms
from orchestrator.catalog.microarchitectures import vendor_name
from orchestrator.results.layers import CoreCounts
from orchestrator.results.table import Column, ColumnKind, Table, Value

if TYPE_CHECKING:
    from orchestrator.analysis.findings import Findings

_NAMES = (
    "Classes are named by number, as in the class table; where threads vary, by id, since each "
    "number of threads has a class table of its own."
)


def collapse_table(findings: Findings) -> Table:
    """Figure 2: the classes at each core count, by vendor, and those that fall together there.

    Where an experiment varies the number of threads, that too, platform by platform or, where it
    is known, by generation. Raises ``NotOfPlatforms`` where other members are compared.
    """
    only_for_platforms(findings, "collapse")
    rows: list[tuple[Value, ...]] = []
    unplaced: set[str] = set()
    numbers = {
        partition.key: {group.id: str(group.number) for group in partition.classes}
        for partition in findings.summary.partitions
    }
    for vendor, found in findings.core_counts_by_vendor:
        key = (found.workload, found.input, found.variant, found.output)
        unplaced.update(found.unplaced)
        rows += _levels(found, "cores", vendor_name(vendor), numbers[key])
    for found in findings.thread_counts(findings.points):
        rows += _levels(found, "threads", None, {})
    notes = [_NAMES]
    if unplaced:
        notes.append(f"cores or generation not known: {joined(tuple(sorted(unplaced)))}")
    return Table(
        "collapse",
        "Classes at each core count (Figure 2)",
        (
            *PARTITION,
            Column("by"),
            Column("vendor"),
            *counts("cores", "platforms", "classes"),
            Column("classes of generations"),
            Column("fallen together"),
        ),
        tuple(rows),
        tuple(notes),
    )


def _levels(
    found: CoreCounts, by: str, vendor: str | None, numbers: Mapping[str, str]
) -> Iterator[tuple[Value, ...]]:
    for level in found.levels:
        generations = (f"{name}: {_named(ids, numbers)}" for name, ids in level.generations)
        together = (
            f"{_named(each.before, numbers)} -> {_named((each.after,), numbers)} "
            f"({joined(each.generations)})"
            for each in found.joined
            if each.cores[1] == level.cores
        )
        yield (
            found.workload,
            found.input,
            found.variant,
            found.output,
            by,
            vendor,
            level.cores,
            level.platforms,
            len(level.classes),
            "; ".join(generations),
            "; ".join(together),
        )


def _named(ids: tuple[str, ...], numbers: Mapping[str, str]) -> str:
    """Classes by number, in that order; by id where they have none in common."""
    if all(identity in numbers for identity in ids):
        return " + ".join(sorted((numbers[identity] for identity in ids), key=int))
    return " + ".join(ids)


def multiplications_table(findings: Findings) -> Table:
    """Figure 4: classes and remaining precision beside the number of multiplications."""
    return Table(
        "multiplications",
        "Classes and remaining precision by number of multiplications (Figure 4)",
        (
            *PARTITION,
            *counts("multiplications", findings.noun.many, "classes"),
            Column("remaining precision", ColumnKind.COUNT, "bits"),
            Column("mantissa bits", ColumnKind.COUNT, "bits"),
            Column("note"),
        ),
        tuple(
            (
                row.workload,
                row.input,
                row.variant,
                row.output,
                row.multiplications,
                row.platforms,
                row.classes,
                row.remaining_precision,
                row.mantissa_bits,
                row.note,
            )
            for row in findings.sizes
        ),
        ("Multiplications are counted for one element of the batch.",),
    )
