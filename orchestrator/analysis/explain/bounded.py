"""Explanations of a whole summary, each question once and within a time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from orchestrator.analysis.explain.explain import Limits, explain
from orchestrator.analysis.hardware.platforms import Fingerprints
from orchestrator.analysis.observations.columns import Observations
from orchestrator.results.details import Explained, Part
from orchestrator.results.partitions import Partition, Summary
from orchestrator.results.record import Observation

COMMAND = "eqc explain STORE"


def bounded_explanations(
    summary: Summary,
    observations: Observations,
    records: Sequence[Observation],
    fingerprints: Fingerprints,
    *,
    limits: Limits,
    most: int | None,
    seconds: float,
) -> Part[Explained]:
    """At most ``most`` explanations of ``summary.partitions``, none begun after ``seconds``.

    ``most`` of ``None``: all. Inputs that part the platforms alike share one. Classes have the
    numbers of the summary; if that is strict, those of the most frequent outputs instead, as a
    note says.
    """
    apart = [partition for partition in summary.partitions if len(partition.classes) > 1]
    if not apart:
        some = any(partition.classes for partition in summary.partitions)
        return Part(
            absent="Every computation has one class: there is nothing to explain."
            if some
            else "Nothing was observed."
        )
    questions = list(_alike(apart).values())
    by_cells = _ByCells(summary, observations, records)
    end = time.monotonic() + seconds
    found: list[Explained] = []
    for same in questions[:most]:
        if found and time.monotonic() > end:
            break
        first = same[0]
        (explanation,) = explain(
            by_cells.of(first), fingerprints, output=first.output, limits=limits
        )
        found.append(Explained(explanation, tuple(partition.input for partition in same)))
    return Part(tuple(found), notes=tuple(_notes(summary, len(questions) - len(found))))


def _alike(partitions: Sequence[Partition]) -> dict[Any, list[Partition]]:
    """Partitions of one workload, variant and output whose classes hold the same platforms."""
    found: dict[Any, list[Partition]] = {}
    for partition in partitions:
        grouping = tuple(group.platforms for group in partition.classes)
        key = (partition.workload, partition.variant, partition.output, grouping)
        found.setdefault(key, []).append(partition)
    return found


class _ByCells:
    """Records of one computation, platforms in the order of the tables: the same numbers."""

    def __init__(
        self, summary: Summary, observations: Observations, records: Sequence[Observation]
    ) -> None:
        sessions = observations.sessions
        columns = [sessions[key].tolist() for key in ("cell", "workload", "input", "variant")]
        self._keys = {cell: tuple(key) for cell, *key in zip(*columns, strict=True)}
        order = {info.name: row for row, info in enumerate(summary.platforms)}
        self._records: dict[tuple[str, ...], list[Observation]] = {}
        last = len(order)
        for record in sorted(records, key=lambda r: order.get(r.platform.label, last)):
            if (key := self._keys.get(record.cell)) is not None:
                self._records.setdefault(key, []).append(record)

    def of(self, partition: Partition) -> list[Observation]:
        return self._records[partition.key[:3]]


def _notes(summary: Summary, left: int) -> Iterator[str]:
    if left:
        yield (
            f"{left} more groupings of platforms are not explained here: `{COMMAND}` explains all."
        )
    if summary.strict:
        yield "Explained are the most frequent outputs, numbered as without --strict."
