"""Which part of a store is looked at: the same words for every command and every analysis."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.analysis.observations.labels import label_of

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
