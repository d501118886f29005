"""Labels of what was asked for, numbered in the order of the tables.

Records are told apart by id, tables show labels. Within one experiment labels are unique; where
stores of several experiments meet, two ids may share one, and the later is shown with the start
of its id rather than mixed into the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


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
