"""CPU flags and who has them (Tables 1 and SUP-3), CPU classes, and the odd ones out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from orchestrator.analysis.hardware.attribute_costs import CORE_BIN, CORE_BINS, GENERATION
from orchestrator.analysis.tables.columns import PARTITION, by_partition, counts, joined
from orchestrator.catalog.emulation import simd_meaning
from orchestrator.results.explanation import AttributeValue, Outlier
from orchestrator.results.table import Column, ColumnKind, Table
from orchestrator.system.counted import counted

if TYPE_CHECKING:
    from orchestrator.analysis.findings import Findings

_MARKS = {True: "x", False: "", None: "(x)"}


def clusters_table(findings: Findings) -> Table:
    """Table 1: which generation has which flag clusters, beside its classes."""
    attributes, summary = findings.attributes, findings.summary
    clusters = findings.flag_clusters
    groups: dict[str, list[str]] = {}
    if GENERATION in attributes.frame:
        for name, value in attributes.frame[GENERATION].items():
            groups.setdefault(value, []).append(str(name))
    shown = findings.clusters_by_generation if groups else None
    return Table(
        "clusters",
        "Flag clusters of each generation, and its classes (Table 1)",
        (
            Column("generation"),
            *counts("platforms"),
            *by_partition(summary.table, ColumnKind.TEXT),
            *(
                Column(" ".join(cluster), short=str(number))
                for number, cluster in enumerate(clusters.clusters)
            ),
        ),
        tuple(
            (
                group,
                len(members),
                *(_numbers(classes, members) for classes in findings.classes_by_platform),
                *(_MARKS[value] for value in (shown[group].tolist() if shown is not None else ())),
            )
            for group, members in groups.items()
        ),
        (
            "x: all its platforms have the flags of the cluster; (x): only some of them.",
            *_not_described(findings),
        ),
    )


def _numbers(classes: Mapping[str, frozenset[int]], members: list[str]) -> str:
    found = frozenset[int]().union(*(classes[name] for name in members if name in classes))
    return ", ".join(str(number) for number in sorted(found))


def flags_table(findings: Findings) -> Table:
    """Table SUP-3: every flag, and the number of its cluster; C: common to all platforms."""
    attributes, clusters = findings.attributes, findings.flag_clusters
    held = attributes.flags().sum()
    common = counted(len(clusters.common), "is", "are")
    note = (
        f"{counted(clusters.total, 'flag')}; {common} common to all "
        f"{counted(len(attributes.frame), 'platform')} (C), the others form "
        f"{counted(len(clusters.clusters), 'cluster')} of flags that always occur together."
    )
    return Table(
        "flags",
        "CPU flags and their clusters (Table SUP-3)",
        (Column("flag"), Column("cluster"), *counts("platforms"), Column("stands for")),
        tuple(
            (flag, cluster, int(held[flag]), simd_meaning(flag))
            for flag, cluster in findings.flags.itertuples(index=False)
        ),
        (note, *_not_described(findings)),
    )


def cpu_classes_table(findings: Findings) -> Table:
    """Platforms with the same extensions and core count (Table SUP-1, column CC)."""
    return Table(
        "cpu-classes",
        "CPU classes: x86 extensions and cores in bins",
        (
            Column("platform"),
            Column("extensions"),
            Column(CORE_BIN),
            Column("CPU class", ColumnKind.COUNT, short="CC"),
        ),
        tuple(findings.cpu_classes.itertuples(name=None)),
        (
            f"Bins start at {', '.join(map(str, CORE_BINS))} cores.",
            *_not_described(findings),
        ),
    )


def suspects_table(findings: Findings) -> Table:
    """Platforms whose output differs from that of all their hardware twins."""
    noun = findings.noun
    rows = tuple(
        (
            *partition.key,
            outlier.platform,
            outlier.class_number,
            outlier.expected,
            len(outlier.twins),
            joined(outlier.twins),
            _shared(outlier),
            joined(outlier.differs_in),
        )
        for explanation in findings.explanations.items
        for partition in explanation.partitions
        for outlier in explanation.outliers
    )
    return Table(
        "suspects",
        f"Odd ones out: {noun.many} that differ from all their {noun.twins}",
        (
            *PARTITION,
            Column(noun.one),
            *counts("class", "class of twins", "twins"),
            Column("names of twins"),
            Column("equal in"),
            Column("differs in"),
        ),
        rows,
        (
            *(() if rows else (f"No {noun.one} differs from all its {noun.twins}.",)),
            *findings.explanations.notes,
        ),
    )


def _shared(outlier: Outlier) -> str:
    return ", ".join(_fact(name, value) for name, value in outlier.shared)


def _fact(name: str, value: AttributeValue) -> str:
    if isinstance(value, bool):
        return name if value else f"no {name}"
    return f"{name} = {value}"


def _not_described(findings: Findings) -> tuple[str, ...]:
    attributes = findings.attributes
    return (
        *(f"{name} takes no part: {why}" for name, why in attributes.undescribed),
        *attributes.notes,
    )
