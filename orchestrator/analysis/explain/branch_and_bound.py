"""Covers of a given small size by branch and bound: all of them, or the proof that none exists.

Some attribute of every row must be chosen, so the search branches over the row with the fewest;
an attribute tried is forbidden in later branches, so that no set is met twice. The last two are
found at once: the product of the rows' complements counts what each pair leaves unmet. Two
bounds cut branches: what the best attributes could still meet, and information: platforms of c
classes that still agree need attributes with at least c combinations of values.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import prod

import numpy as np
import numpy.typing as npt

from orchestrator.analysis.explain.constraints import Codes, Rows, projected
from orchestrator.analysis.explain.deadline import Deadline

_TEAMS = 4
_MOST_FOUND = 20_000


class SearchTooLongError(Exception):
    """The search was given up; it says nothing."""


@dataclass
class Search:
    """One search: ``size`` attributes that meet every row of ``rows``."""

    rows: Rows
    codes: Codes
    classes: Codes
    deadline: Deadline
    found: list[tuple[int, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._values = [len(np.unique(column)) for column in self.codes.T]
        self._teams = _teams(self.classes)

    def covers(self, size: int) -> list[tuple[int, ...]]:
        """Every cover of exactly ``size`` columns (``size >= 1``).

        Where fewer columns meet all rows these are listed instead of what contains them.

        Raises ``SearchTooLongError`` at the deadline or beyond 20,000 covers.
        """
        self.found.clear()
        free = np.ones(self.rows.shape[1], dtype=bool)
        self._branch(self.rows, free, (), size)
        return self.found

    def _branch(
        self, unmet: Rows, free: npt.NDArray[np.bool_], chosen: tuple[int, ...], left: int
    ) -> None:
        if self.deadline.passed or len(self.found) > _MOST_FOUND:
            raise SearchTooLongError
        if not len(unmet):
            self._found(chosen, ((),))
            return
        open_rows = unmet & free
        meets = open_rows.sum(axis=0)
        if left == 1:
            single = np.flatnonzero(free & (meets == len(unmet)))
            self._found(chosen, ((one,) for one in single.tolist()))
            return
        if np.sort(meets)[-left:].sum() < len(unmet) or not self._enough(chosen, free, left):
            return
        if left == 2:
            self._pairs(open_rows, free, chosen)
            return
        shortest = open_rows[open_rows.sum(axis=1).argmin()]
        candidates = np.flatnonzero(shortest)
        free = free.copy()
        for one in candidates[np.argsort(-meets[candidates], kind="stable")].tolist():
            free[one] = False
            self._branch(unmet[~unmet[:, one]], free, (*chosen, one), left - 1)

    def _pairs(self, open_rows: Rows, free: npt.NDArray[np.bool_], chosen: tuple[int, ...]) -> None:
        columns = np.flatnonzero(free)
        missed = (~open_rows[:, columns]).astype(np.float32)
        both = np.triu(missed.T @ missed == 0, 1)
        first, second = np.nonzero(both)
        pairs = zip(columns[first].tolist(), columns[second].tolist(), strict=True)
        self._found(chosen, pairs)

    def _found(self, chosen: tuple[int, ...], rest: Iterable[tuple[int, ...]]) -> None:
        self.found.extend(tuple(sorted((*chosen, *last))) for last in rest)

    def _enough(self, chosen: tuple[int, ...], free: npt.NDArray[np.bool_], left: int) -> bool:
        """Whether ``left`` attributes can hold the information that is still needed."""
        values = sorted((self._values[one] for one in np.flatnonzero(free)), reverse=True)
        capacity = prod(values[:left])
        columns = np.array(chosen, dtype=np.int64)
        return all(
            int(np.bincount(projected(self.codes[team], columns)).max()) <= capacity
            for team in self._teams
        )


def least_size(codes: Codes, classes: Codes) -> int:
    """A lower bound: so many attributes are needed to have as many combinations as classes."""
    values = sorted((len(np.unique(column)) for column in codes.T), reverse=True)
    needed = len(np.unique(classes))
    return next(size for size in range(len(values) + 1) if prod(values[:size]) >= needed)


def _teams(classes: Codes) -> list[Codes]:
    """A few teams of one platform of each class; any two of a team must be told apart."""
    _, inverse = np.unique(classes, return_inverse=True)
    teams = []
    for number in range(_TEAMS):
        members = [np.flatnonzero(inverse == one) for one in range(inverse.max() + 1)]
        teams.append(np.array([own[number * len(own) // _TEAMS] for own in members]))
    return teams
