"""What the sessions gave: their outputs where they vary, who is missing, how it was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.analysis.tables.columns import PARTITION, counts, joined
from orchestrator.results.table import Column, ColumnKind, Table
from orchestrator.system.counted import counted

if TYPE_CHECKING:
    from orchestrator.analysis.findings import Findings


def determinism_table(findings: Findings) -> Table:
    """Every output of every platform whose sessions disagree, with how many gave it."""
    found = findings.summary.determinism
    judged = counted(found.judged, "output")
    alone = counted(found.cells - found.judged, "more has", "more have")
    note = (
        f"{len(found.variations)} of {judged} with several sessions vary; "
        f"{alone} one session, which shows nothing."
    )
    return Table(
        "determinism",
        f"Outputs of {findings.noun.many} whose sessions disagree",
        (
            *PARTITION,
            Column(findings.noun.one),
            *counts("outputs"),
            Column("digest"),
            *counts("sessions"),
            Column("remaining precision", ColumnKind.COUNT, "bits"),
        ),
        tuple(
            (
                varied.workload,
                varied.input,
                varied.variant,
                varied.output,
                varied.platform,
                len(varied.outputs),
                digest,
                sessions,
                varied.remaining_precision,
            )
            for varied in found.variations
            for digest, sessions in varied.outputs
        ),
        (note,),
    )


def missing_table(findings: Findings) -> Table:
    """Platforms without a class in a partition, and why; those that are not available, too."""
    rows = tuple(
        (*partition.key, absent.platform, absent.status, absent.reason)
        for partition in findings.summary.partitions
        for absent in partition.without_output
    )
    return Table(
        "missing",
        f"{findings.noun.many.capitalize()} without a usable output",
        (*PARTITION, Column(findings.noun.one), Column("status"), Column("reason")),
        rows,
        _missing_notes(findings),
    )


def _missing_notes(findings: Findings) -> tuple[str, ...]:
    partitions = findings.summary.partitions
    notes = []
    if not any(partition.missing for partition in partitions):
        notes.append("Nothing is missing.")
    if any(partition.not_available for partition in partitions):
        notes.append("not-available: known beforehand, so not missing.")
    return tuple(notes)


def measurements_table(findings: Findings) -> Table:
    """How the outputs were made: what frameworks and libraries said of themselves."""
    names = ("variant", "framework", "version", "device", "instruction set", "threads", "mode")
    return Table(
        "measurements",
        "How it was measured",
        (*(Column(name) for name in names), *counts("sessions"), Column(findings.noun.many)),
        tuple(
            (
                each.variant,
                each.framework,
                each.version,
                each.device,
                each.isa,
                each.threads,
                each.mode,
                each.sessions,
                joined(each.platforms),
            )
            for each in findings.summary.measurements
        ),
    )
