"""Classes: partitions, platforms (Tables SUP-1 and SUP-2), cumulative counts (Figure 1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from orchestrator.analysis.tables.columns import PARTITION, by_partition, counts
from orchestrator.catalog.microarchitectures import vendor_name
from orchestrator.results.partitions import PlatformInfo
from orchestrator.results.table import Column, ColumnKind, Table, Value

if TYPE_CHECKING:
    from orchestrator.analysis.findings import Findings


def partitions_table(findings: Findings) -> Table:
    """One row per partition: classes, remaining precision, who is missing."""
    bits = ("remaining precision", "mantissa bits")
    return Table(
        "partitions",
        "Classes and remaining precision of every partition",
        (
            *PARTITION,
            *counts("platforms", "classes"),
            *(Column(name, ColumnKind.COUNT, "bits") for name in bits),
            *counts("sessions", "missing", "not available", "non-deterministic"),
            Column("software"),
        ),
        tuple(
            (
                *partition.key,
                sum(len(group.platforms) for group in partition.classes),
                len(partition.classes),
                partition.remaining_precision,
                partition.mantissa_bits,
                partition.sessions,
                len(partition.missing),
                len(partition.not_available),
                len(partition.nondeterministic),
                partition.computed_by,
            )
            for partition in findings.summary.partitions
        ),
        findings.notes
        + tuple(
            f"{' · '.join(partition.key)}: {note}"
            for partition in findings.summary.partitions
            for note in partition.notes
        ),
    )


def platforms_table(findings: Findings) -> Table:
    """Tables SUP-1 and SUP-2: hardware, CPU class, and the class in every partition."""
    summary = findings.summary
    content = summary.table
    described = findings.gpu_generations
    graphics = {
        info.name: (", ".join(info.gpus), described[info.name])
        if info.name in described
        else (None, None)
        for info in summary.platforms
    }
    with_gpus = any(name for name, _ in graphics.values())
    classes = findings.cpu_classes["cpu class"].to_dict()
    rows: list[tuple[Value, ...]] = []
    for info, cells in zip(summary.platforms, content.rows, strict=True):
        memory = None if info.memory_bytes is None else round(info.memory_bytes / 2**30, 1)
        rows.append(
            (
                info.name,
                kind_of(info),
                vendor_name(info.vendor),
                info.logical_cpus,
                findings.generations.get(info.name),
                info.brand,
                memory,
                info.provider,
                classes.get(info.name),
                *(graphics[info.name] if with_gpus else ()),
                *cells,
            )
        )
    return Table(
        "platforms",
        "Classes of all platforms (Tables SUP-1 and SUP-2)",
        (
            Column("platform"),
            Column("kind"),
            Column("vendor"),
            *counts("cores"),
            Column("generation"),
            Column("device"),
            Column("memory", ColumnKind.MEASURE, "GiB"),
            Column("cloud"),
            Column("CPU class", ColumnKind.COUNT, short="CC"),
            *((Column("GPU"), Column("GPU generation")) if with_gpus else ()),
            *by_partition(content, ColumnKind.CLASS),
        ),
        tuple(rows),
        (
            "Numbers count classes from the top of each column; equal: bit-identical output.",
            "*: the sessions of this platform disagree.",
            *(f"[{number}] {why}" for number, why in enumerate(content.footnotes, start=1)),
        ),
        "not known; in the column of a computation: not asked for",
    )


def kind_of(info: PlatformInfo) -> str:
    """``hardware``, or what stands in for it, so that nothing is taken for silicon."""
    words = ["rehearsal"] if info.rehearsal else []
    words += [f"emulated {info.emulated}"] if info.emulated else []
    words += [f"masked {info.masked}"] if info.masked else []
    return ", ".join(words) or ("hardware" if info.fingerprint_known else "unknown")


def counts_table(findings: Findings) -> Table:
    """Figure 1: distinct outputs among the first k platforms, by partition and in all.

    Platforms stand by vendor, age of their generation and cores, those of equal hardware in the
    order of the class table; GPUs follow the processors.
    """
    summary, keys = findings.summary, findings.figure_order
    names = [name for name in summary.table.platforms if name in keys]
    names.sort(key=lambda name: keys[name])
    curves = {
        (curve.workload, curve.input, curve.variant, curve.output): dict(
            zip((platform.name for platform in axis.platforms), curve.counts, strict=True)
        )
        for axis in findings.class_counts
        for curve in axis.curves
    }
    columns = [_along(names, curves.get(partition.key, {})) for partition in summary.partitions]
    notes = ["all: the sum over the partitions."]
    silent = [name for name in summary.table.platforms if name not in keys]
    if silent:
        notes.append(f"never observed, so not counted: {', '.join(silent)}")
    return Table(
        "counts",
        "Distinct outputs among the first k platforms (Figure 1)",
        (
            *counts("k"),
            Column("platform"),
            *by_partition(summary.table, ColumnKind.COUNT),
            *counts("all"),
        ),
        tuple(
            (
                place + 1,
                name,
                *(column[place] for column in columns),
                sum(c[place] for c in columns),
            )
            for place, name in enumerate(names)
        ),
        tuple(notes),
    )


def _along(names: Sequence[str], so_far: Mapping[str, int]) -> list[int]:
    """The counts at all ``names``: a platform that no partition of a curve knows adds nothing."""
    return list(accumulate(names, lambda count, name: so_far.get(name, count), initial=0))[1:]
