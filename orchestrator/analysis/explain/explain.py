"""Why platforms fall into the classes they do: from stored records to explanations.

Variants of one computation can be taken as one partition, so that a setting can explain a class.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from orchestrator.analysis.classes.partition import partitions
from orchestrator.analysis.explain.minimal_sets import answer
from orchestrator.analysis.explain.outliers import outliers
from orchestrator.analysis.hardware.attributes import AttributeTable, described
from orchestrator.analysis.hardware.platforms import Fingerprints
from orchestrator.analysis.observations.table import KEYS, Observations, observations_table
from orchestrator.model.experiment import Status
from orchestrator.results.explanation import (
    MECHANISMS,
    Answer,
    ExplainedClass,
    Explanation,
    Kind,
    Outlier,
    Undescribed,
)
from orchestrator.results.partitions import Partition
from orchestrator.results.record import Observation

Cells = Mapping[tuple[str, str, str, str], list[Observation]]
"""Good records by the labels of platform, workload, input and variant."""


@dataclass(frozen=True)
class Limits:
    """Where the search for minimal sets ends; the answer says if it did."""

    sets: int = 64
    seconds: float = 60.0


def explain(
    records: Iterable[Observation],
    fingerprints: Fingerprints,
    *,
    workload: str | None = None,
    input: str | None = None,  # noqa: A002 - the word of the file format
    variant: str | None = None,
    output: str = "output",
    platforms: Callable[[str], bool] | Collection[str] | None = None,
    kinds: Collection[Kind] | None = None,
    across_variants: bool = False,
    limits: Limits = Limits(),
) -> tuple[Explanation, ...]:
    """One explanation per partition that matches; labels are those of the tables.

    ``platforms`` keeps the platforms it accepts or holds; classes are numbered over these.
    ``kinds`` are the attributes that may explain (default: ``MECHANISMS``, and in a second
    answer all of them where that says more). With ``across_variants`` the variants of one
    workload and input are explained together, each platform once per variant, so that threads
    and settings can be the cause. A platform without fingerprint or flags is listed and takes
    no part; where nothing was observed the explanation has no answer and a note. Without any
    matching partition the result is empty.
    """
    kept = [record for record in records if _accepted(platforms, record.platform.label)]
    observations = observations_table(kept)
    cells = _cells(observations, kept)
    chosen = [
        partition
        for partition in partitions(observations, role="final")
        if partition.output == output
        and workload in (None, partition.workload)
        and input in (None, partition.input)
        and variant in (None, partition.variant)
    ]
    if across_variants:
        chosen = across(chosen)
    return tuple(
        _explained(partition, _units(partition, cells), fingerprints, kinds, limits)
        for partition in chosen
    )


def _accepted(platforms: Callable[[str], bool] | Collection[str] | None, name: str) -> bool:
    if platforms is None:
        return True
    return platforms(name) if callable(platforms) else name in platforms


def _cells(observations: Observations, records: Iterable[Observation]) -> Cells:
    sessions = observations.sessions
    columns = [sessions[key].tolist() for key in ("cell", *KEYS)]
    labels = {cell: (p, w, i, v) for cell, p, w, i, v in zip(*columns, strict=True)}
    cells: dict[tuple[str, str, str, str], list[Observation]] = {}
    for record in records:
        if record.status == Status.OK:
            cells.setdefault(labels[record.cell], []).append(record)
    return cells


def _units(partition: Partition, cells: Cells) -> dict[str, Observation]:
    """By platform, the first record with the output it stands by."""
    found: dict[str, Observation] = {}
    for group in partition.classes:
        for name in group.platforms:
            platform, variant = platform_and_variant(name, partition)
            key = (platform, partition.workload, partition.input, variant)
            found[name] = next(
                record
                for record in cells[key]
                for output in record.outputs
                if output.name == partition.output and output.digest in group.digests
            )
    return found


def _explained(
    partition: Partition,
    units: Mapping[str, Observation],
    fingerprints: Fingerprints,
    kinds: Collection[Kind] | None,
    limits: Limits,
) -> Explanation:
    numbers = {name: group.number for group in partition.classes for name in group.platforms}
    table = described(units, fingerprints)
    notes = [*table.notes]
    if partition.nondeterministic:
        names = ", ".join(partition.nondeterministic)
        notes.append(f"non-deterministic, explained by the most frequent output: {names}")
    answers: tuple[Answer, ...] = ()
    odd: tuple[Outlier, ...] = ()
    if not len(table.frame):
        notes.append("no platform that has a class is described: nothing can be explained")
    else:
        answers = _answers(table, numbers, kinds, limits)
        odd = outliers(table, numbers, answers[0], MECHANISMS)
    return Explanation(
        *partition.key,
        tuple(
            ExplainedClass(group.number, group.id, group.platforms) for group in partition.classes
        ),
        answers,
        odd,
        tuple(Undescribed(name, numbers[name], why) for name, why in table.undescribed),
        tuple(notes),
    )


def _answers(
    table: AttributeTable,
    numbers: Mapping[str, int],
    kinds: Collection[Kind] | None,
    limits: Limits,
) -> tuple[Answer, ...]:
    wanted = MECHANISMS if kinds is None else frozenset(kinds)
    first = answer(table, numbers, wanted, limit=limits.sets, seconds=limits.seconds)
    if kinds is not None:
        return (first,)
    named = answer(table, numbers, frozenset(Kind), limit=limits.sets, seconds=limits.seconds)
    fewer = len(named.sets[0].clusters) < len(first.sets[0].clusters)
    return (
        (first, named)
        if fewer or len(named.contradictions) < len(first.contradictions)
        else (first,)
    )


_WITH = " with "
_ALL_VARIANTS = "all variants"


def across(chosen: Iterable[Partition]) -> list[Partition]:
    """Partitions of the same workload, input and output as one, over platforms per variant.

    Classes keep their ids and are numbered from 1 by first appearance.
    """
    merged: dict[tuple[str, str, str], Partition] = {}
    for partition in chosen:
        key = (partition.workload, partition.input, partition.output)
        named = replace(
            partition,
            variant=_ALL_VARIANTS,
            classes=tuple(
                replace(
                    group,
                    platforms=tuple(
                        f"{name}{_WITH}{partition.variant}" for name in group.platforms
                    ),
                )
                for group in partition.classes
            ),
            nondeterministic=tuple(
                f"{name}{_WITH}{partition.variant}" for name in partition.nondeterministic
            ),
        )
        merged[key] = _merged(merged[key], named) if key in merged else named
    return list(merged.values())


def platform_and_variant(name: str, partition: Partition) -> tuple[str, str]:
    """The labels that ``name`` stands for in a partition of ``across``, or in any other."""
    if partition.variant != _ALL_VARIANTS:
        return name, partition.variant
    platform, _, variant = name.rpartition(_WITH)
    return platform, variant


def _merged(left: Partition, right: Partition) -> Partition:
    groups = {group.id: group for group in left.classes}
    for group in right.classes:
        old = groups.get(group.id)
        groups[group.id] = (
            replace(group, number=len(groups) + 1)
            if old is None
            else replace(old, platforms=tuple(sorted((*old.platforms, *group.platforms))))
        )
    return replace(
        left,
        classes=tuple(groups.values()),
        nondeterministic=tuple(sorted((*left.nondeterministic, *right.nondeterministic))),
    )
