"""Labels of what was asked for: numbered in the order of the tables, chosen, and as planned.

Records are told apart by id, tables show labels. Within one experiment labels are unique; where
stores of several experiments meet, two ids may share one, and the later is shown with the start
of its id rather than mixed into the other.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from orchestrator.results.partitions import Planned
from orchestrator.results.record import Asked, Part


class Labels:
    """Numbers labels (codes from 0) by ``expect`` first, then by first appearance."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}
        self._ids: dict[tuple[str, str], int] = {}
        self._taken: set[tuple[str, int]] = set()

    def expect(self, label: str) -> int:
        """The code of a label that has no id (yet): the first id to claim it gets it."""
        return self._codes.setdefault(label, len(self._codes))

    def code(self, part: Part, scope: str = "") -> int:
        """The code of a part of a record.

        Labels are told apart within a ``scope`` only: one picture, sized for two workloads, is
        two inputs with one label, and that is no conflict.
        """
        code = self._ids.get((scope, part.id))
        if code is None:
            label = part.label
            if (scope, self._codes.get(label, -1)) in self._taken:
                label = f"{label} #{part.id[:6]}"
            code = self._ids[scope, part.id] = self.expect(label)
            self._taken.add((scope, code))
        return code

    def names(self) -> list[str]:
        """All labels by code."""
        return list(self._codes)


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

    def accepts(self, row: Asked) -> bool:
        """Whether a stored observation or planned cell, with its four parts, is chosen."""
        return (
            self.has_platform(row.platform.label)
            and _is_called(row.workload, self.workload)
            and _is_called(row.input, self.input)
            and _is_called(row.variant, self.variant)
        )


def labels_by_part(rows: Iterable[Asked]) -> dict[str, tuple[str, ...]]:
    """All labels of workloads, inputs, variants and platforms in ``rows``, sorted."""
    found: dict[str, set[str]] = {part: set() for part in (*PARTS, "platform")}
    for row in rows:
        for part, labels in found.items():
            labels.add(getattr(row, part).label)
    return {part: tuple(sorted(labels)) for part, labels in found.items()}


def _is_called(part: Part, wanted: str | None) -> bool:
    """Also by the name that ``Labels`` gives to the second of two that share a label."""
    return wanted in (None, part.label, f"{part.label} #{part.id[:6]}")


Reasons = Mapping[str, tuple[str, str]]
"""(status, reason) by cell id, where it is known why a cell was not computed."""


def planned_of_store(rows: Iterable[Asked], reasons: Reasons | None = None) -> tuple[Planned, ...]:
    """The planned cells that a store holds."""
    return tuple(
        Planned(
            row.cell,
            row.platform.label,
            row.workload.label,
            row.input.label,
            row.variant.label,
            *_reason(row.cell, reasons),
        )
        for row in rows
    )


def _reason(cell: str, reasons: Reasons | None) -> tuple[str, str]:
    return (reasons or {}).get(cell, ("missing", "not observed"))
