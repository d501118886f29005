"""Labels of what was asked for: numbered in the order of the tables, chosen, and as planned.

Records are told apart by id, tables show labels. Within one experiment labels are unique; where
stores of several experiments meet, two ids may share one, and the later is shown with the start
of its id rather than mixed into the other.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.results.partitions import Planned


class Labels:
    """Numbers labels (codes from 0) by ``expect`` first, then by first appearance."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}
        self._ids: dict[tuple[str, str], int] = {}
        self._taken: set[tuple[str, int]] = set()

    def expect(self, label: str) -> int:
        """The code of a label that has no id (yet): the first id to claim it gets it."""
        return self._codes.setdefault(label, len(self._codes))

    def code(self, part: Mapping[str, Any], scope: str = "") -> int:
        """The code of a record's ``platform``, ``workload``, ``input`` or ``variant``.

        Labels are told apart within a ``scope`` only: one picture, sized for two workloads, is
        two inputs with one label, and that is no conflict.
        """
        label = label_of(part)
        identity = str(part.get("id") or label)
        code = self._ids.get((scope, identity))
        if code is None:
            if (scope, self._codes.get(label, -1)) in self._taken:
                label = f"{label} #{identity[:6]}"
            code = self._ids[scope, identity] = self.expect(label)
            self._taken.add((scope, code))
        return code

    def names(self) -> list[str]:
        """All labels by code."""
        return list(self._codes)


def label_of(part: Mapping[str, Any]) -> str:
    """What tables show of a record's ``platform``, ``workload``, ``input`` or ``variant``."""
    return str(part.get("label") or part.get("name") or part.get("id"))


PARTS = ("workload", "input", "variant")


@dataclass(frozen=True)
class Choice:
    """Labels as the tables show them; ``platforms`` are patterns, of which one must match.

    Classes are numbered over what was chosen, as if the rest had never been observed.
    """

    workload: str | None = None
    input: str | None = None
    variant: str | None = None
    platforms: tuple[str, ...] = ()

    def has_platform(self, name: str) -> bool:
        """Whether a pattern matches (case counts); without patterns every name does."""
        patterns = self.platforms
        return not patterns or any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)

    def accepts(self, row: Mapping[str, Any]) -> bool:
        """Whether a stored observation or planned cell, with its four parts, is chosen."""
        return self.has_platform(label_of(row["platform"])) and all(
            wanted is None or _is_called(row[part], wanted)
            for part, wanted in zip(PARTS, (self.workload, self.input, self.variant), strict=True)
        )


def labels_by_part(rows: Iterable[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """All labels of workloads, inputs, variants and platforms in ``rows``, sorted."""
    found: dict[str, set[str]] = {part: set() for part in (*PARTS, "platform")}
    for row in rows:
        for part, labels in found.items():
            labels.add(label_of(row[part]))
    return {part: tuple(sorted(labels)) for part, labels in found.items()}


def _is_called(part: Mapping[str, Any], wanted: str) -> bool:
    """Also by the name that ``Labels`` gives to the second of two that share a label."""
    label = label_of(part)
    return wanted == label or wanted == f"{label} #{str(part.get('id'))[:6]}"


Reasons = Mapping[str, tuple[str, str]]
"""(status, reason) by cell id, where it is known why a cell was not computed."""


def planned_of_store(
    rows: Iterable[Mapping[str, Any]], reasons: Reasons | None = None
) -> tuple[Planned, ...]:
    """The planned cells that a store holds: rows with ``cell`` and a record's four parts."""
    return tuple(
        Planned(
            row["cell"],
            label_of(row["platform"]),
            label_of(row["workload"]),
            label_of(row["input"]),
            label_of(row["variant"]),
            *_reason(row["cell"], reasons),
        )
        for row in rows
    )


def _reason(cell: str, reasons: Reasons | None) -> tuple[str, str]:
    return (reasons or {}).get(cell, ("missing", "not observed"))
