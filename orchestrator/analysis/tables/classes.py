"""Classes: partitions, platforms (Tables SUP-1 and SUP-2), cumulative counts (Figure 1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from orchestrator.analysis.tables.columns import (
    PARTITION,
    by_partition,
    counts,
    joined,
    only_for_platforms,
)
from orchestrator.catalog.microarchitectures import vendor_name
from orchestrator.results.partitions import PlatformInfo
from orchestrator.results.table import Column, ColumnKind, Table, Value

if TYPE_CHECKING:
    from orchestrator.analysis.findings import Findings

PRESENTED = (
    "presented as: CPUID answered programs as that CPU would; vendor, generation and CPU class are "
    "those that they saw, the device is what computed."
)


def partitions_table(findings: Findings) -> Table:
    """One row per partition: classes, remaining precision, who is missing."""
    noun, bits = findings.noun, ("remaining precision", "mantissa bits")
    return Table(
        "partitions",
        "Classes and remaining precision of every partition",
        (
            *PARTITION,
            *counts(noun.many, "classes"),
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
        )
        + _alone(findings),
    )


def _alone(findings: Findings) -> tuple[str, ...]:
    """How many partitions compare nothing, since only one member of each has an output."""
    alone = sum(partition.alone is not None for partition in findings.summary.partitions)
    some = f"{alone} partition has" if alone == 1 else f"{alone} partitions have"
    only = f"one {findings.noun.one} only, so there is nothing to compare"
    return (f"{some} an output of {only}.",) if alone else ()


def platforms_table(findings: Findings) -> Table:
    """Tables SUP-1 and SUP-2: hardware, CPU class, and the class in every partition."""
    summary, noun = findings.summary, findings.noun
    content = summary.table
    described = findings.gpu_generations
    graphics = {
        info.name: (", ".join(info.gpus), described[info.name])
        if info.name in described
        else (None, None)
        for info in summary.platforms
    }
    with_gpus = any(name for name, _ in graphics.values())
    numbers = findings.cpu_classes["cpu class"].to_dict()
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
                _device(info),
                memory,
                info.provider,
                _cpu_class(info, numbers),
                *(graphics[info.name] if with_gpus else ()),
                *cells,
            )
        )
    return Table(
        "platforms",
        f"Classes of all {noun.many} (Tables SUP-1 and SUP-2)",
        (
            Column(noun.one),
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
            f"*: the sessions of this {noun.one} disagree.",
            *((PRESENTED,) if any(info.presented for info in summary.platforms) else ()),
            *(f"[{number}] {why}" for number, why in enumerate(content.footnotes, start=1)),
        ),
        "not known; in the column of a computation: not asked for",
    )


def _device(info: PlatformInfo) -> str | None:
    """The processor; of several unlike ones the platforms that have them."""
    names = tuple(one.name for one in info.platforms) if len(info.platforms) > 1 else ()
    return info.silicon or info.brand or joined(names) or None


def _cpu_class(info: PlatformInfo, numbers: Mapping[Any, int | None]) -> int | None:
    """The number of the platform; of a member of several that of all, if it is one."""
    found = {numbers.get(one.name) for one in info.platforms or (info,)}
    return found.pop() if len(found) == 1 else None


def kind_of(info: PlatformInfo) -> str:
    """``hardware``, or what stands in for it, so that nothing is taken for silicon."""
    if len(info.platforms) > 1:
        return joined(tuple(dict.fromkeys(kind_of(one) for one in info.platforms)))
    words = ["rehearsal"] if info.rehearsal else []
    words += [f"emulated {info.emulated}"] if info.emulated else []
    words += [f"presented as {info.presented}"] if info.presented else []
    words += [f"masked {info.masked}"] if info.masked else []
    return ", ".join(words) or ("hardware" if info.fingerprint_known else "unknown")


def counts_table(findings: Findings) -> Table:
    """Figure 1: distinct outputs among the first k platforms, by partition and in all.

    Platforms stand by vendor, age of their generation and cores, those of equal hardware in the
    order of the class table; GPUs follow the processors. Raises ``NotOfPlatforms`` where other
    members are compared, which have no such order.
    """
    only_for_platforms(findings, "counts")
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
