"""How far apart the classes are: errors, ULPs, labels, margins. Needs stored final tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.analysis.tables.columns import PARTITION, counts
from orchestrator.results.consequences import Consequences
from orchestrator.results.table import Column, ColumnKind, Table, Value, partition_name

if TYPE_CHECKING:
    from orchestrator.analysis.findings import Findings

_PAIR = counts("class", "other class")


def consequences_table(findings: Findings) -> Table:
    """Two classes a row: deviating elements, largest errors, largest ULP distance, label flips."""
    rows: list[tuple[Value, ...]] = []
    for found in findings.consequences:
        for pair in found.pairs:
            ulps, flips = pair.ulps, pair.flips
            rows.append(
                (
                    *_key(found),
                    pair.a,
                    pair.b,
                    pair.outcome.value,
                    pair.elements,
                    pair.differing,
                    pair.largest_absolute,
                    pair.largest_relative,
                    ulps.largest if ulps else None,
                    ulps.signed_zeros if ulps else None,
                    ulps.unordered if ulps else None,
                    flips.rows if flips else None,
                    flips.flipped if flips else None,
                    flips.undefined if flips else None,
                )
            )
    return Table(
        "consequences",
        "How far apart the outputs of two classes are",
        (
            *PARTITION,
            *_PAIR,
            Column("outcome"),
            *counts("elements", "deviating"),
            Column("largest absolute error", ColumnKind.MEASURE),
            Column("largest relative error", ColumnKind.MEASURE),
            Column("largest distance", ColumnKind.COUNT, "ulp"),
            *counts("signed zeros", "NaN on one side"),
            *counts("labels", "flipped labels", "undefined labels"),
        ),
        tuple(rows),
        _notes(findings),
    )


def ulps_table(findings: Findings) -> Table:
    """The ULP histogram of every two classes, bin by bin."""
    return Table(
        "ulps",
        "Elements by ULP distance between two classes",
        (
            *PARTITION,
            *_PAIR,
            Column("least", ColumnKind.COUNT, "ulp"),
            Column("most", ColumnKind.COUNT, "ulp"),
            *counts("elements"),
        ),
        tuple(
            (*_key(found), pair.a, pair.b, each.least, each.most, each.count)
            for found in findings.consequences
            for pair in found.pairs
            if pair.ulps is not None
            for each in pair.ulps.bins
        ),
        _notes(findings),
    )


def margins_table(findings: Findings) -> Table:
    """How sure each class is of its labels: largest minus second largest value."""
    return Table(
        "margins",
        "Smallest margin between a label and the runner-up, by class",
        (
            *PARTITION,
            *counts("class"),
            Column("outcome"),
            Column("smallest margin", ColumnKind.MEASURE),
            *counts("labels", "undefined labels"),
        ),
        tuple(
            (
                *_key(found),
                margin.number,
                margin.outcome.value,
                margin.smallest,
                margin.rows,
                margin.undefined,
            )
            for found in findings.consequences
            for margin in found.margins
        ),
        _notes(findings),
    )


def _key(found: Consequences) -> tuple[str, str, str, str]:
    return found.workload, found.input, found.variant, found.output


def _notes(findings: Findings) -> tuple[str, ...]:
    notes = [
        f"{partition_name(_key(found))}: {note}"
        for found in findings.consequences
        for note in found.notes
    ]
    if not all(found.complete for found in findings.consequences):
        notes.append("`observe: {keep: final}` in the experiment keeps the tensors.")
    return tuple(notes)
