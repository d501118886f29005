"""All smallest sets of attributes that determine the classes, exactly.

This is the minimum test collection, an integer program: choose as few attributes as possible
such that every pair of platforms in two classes differs in a chosen one. Of millions of pairs
few matter, so their constraints are generated lazily: solve with those known, look for pairs
that a solution leaves together, add them, again. A solution that leaves none is a smallest set,
since fewer constraints can only make the optimum smaller.

Two exact solvers share the work. Sets of a few attributes, the usual case, are found by a branch
and bound of our own that yields all optima in one go (``cover_search``). Where that takes too
long a general solver (``cover_program``) finds the optimum, and each set found is forbidden (a
no-good cut) until no further one of its size exists.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, vstack

from orchestrator.analysis.explain.branch_and_bound import Search, SearchTooLongError, least_size
from orchestrator.analysis.explain.constraints import (
    Codes,
    Rows,
    all_rows,
    nearest_rows,
    unmet_rows,
)
from orchestrator.analysis.explain.deadline import Deadline

_ALL_PAIRS_UP_TO = 200
_SEARCHED_ROWS = 400
_SEARCH_SHARE = 0.4


@dataclass(frozen=True)
class Covers:
    """``sets`` are ascending attribute numbers, cheapest first."""

    sets: tuple[tuple[int, ...], ...]
    complete: bool
    """No further set of this size exists."""
    proven: bool
    """No smaller set exists; if not, ``sets`` holds one that was grown greedily."""
    total: int | None
    """How many sets of this size exist; ``None``: not known."""


def minimal_covers(
    codes: Codes,
    classes: Codes,
    costs: Codes,
    *,
    deadline: Deadline,
    limit: int = 64,
    search: bool = True,
) -> Covers:
    """All sets of as few columns of ``codes`` (platforms x attributes) as determine ``classes``.

    ``costs`` (>= 0, by attribute) order sets of equal size; where there are more than ``limit``
    the cheapest are given, and so are those found by the ``deadline``. Without ``search``
    the general solver does it all. Raises ``ValueError`` where equal rows of ``codes`` are in
    two classes: no set exists.
    """
    if not len(np.unique(classes)) > 1:
        return Covers(((),), complete=True, proven=True, total=1)
    if len(unmet_rows(codes, classes, np.arange(codes.shape[1]))):
        raise ValueError("platforms with equal attributes are in different classes")
    rows = (
        all_rows(codes, classes)
        if len(codes) <= _ALL_PAIRS_UP_TO
        else nearest_rows(codes, classes, np.arange(len(codes)))
    )
    if search:
        try:
            found = _searched(codes, classes, rows, deadline.share(_SEARCH_SHARE))
        except SearchTooLongError:
            pass
        else:
            ranked = sorted(found, key=lambda cover: (sum(costs[list(cover)]), cover))
            complete = len(found) <= limit
            return Covers(tuple(ranked[:limit]), complete, proven=True, total=len(found))
    return _programmed(codes, classes, rows, costs, limit, deadline)


def _searched(
    codes: Codes, classes: Codes, rows: Rows, deadline: Deadline
) -> list[tuple[int, ...]]:
    size = max(least_size(codes, classes), 1)
    # The shortest rows bound the search best; the others are brought in where they matter.
    rows = rows[:_SEARCHED_ROWS]
    while True:
        found = Search(rows, codes, classes, deadline).covers(size)
        unmet = _unmet(codes, classes, found)
        if len(unmet):
            rows = np.concatenate((rows, unmet))
        elif found:
            return found
        else:
            size += 1


def _unmet(codes: Codes, classes: Codes, covers: Iterable[tuple[int, ...]]) -> Rows:
    """Rows that the first few of ``covers`` which leave any do not meet."""
    parts = [np.empty((0, codes.shape[1]), dtype=bool)]
    for cover in covers:
        unmet = unmet_rows(codes, classes, np.array(cover, dtype=np.int64))[:64]
        parts += [unmet] if len(unmet) else []
        if len(parts) > 16:
            break
    return np.concatenate(parts)


def _programmed(
    codes: Codes, classes: Codes, rows: Rows, costs: Codes, limit: int, deadline: Deadline
) -> Covers:
    program = Program(rows, costs.astype(np.float64), deadline)
    found: list[tuple[int, ...]] = []
    try:
        # How many are needed is found first: with equal costs the search is far shorter.
        program.size = len(_next(program, codes, classes) or ())
        while len(found) <= limit:
            chosen = _next(program, codes, classes)
            if chosen is None:
                return Covers(tuple(found), complete=True, proven=True, total=len(found))
            program.forbidden.append(chosen)
            found.append(chosen)
    except ProgramTooLongError:
        if not found:
            grown = _greedy(codes, classes, program.rows)
            proven = len(grown) == program.size
            return Covers((grown,), complete=False, proven=proven, total=None)
    return Covers(tuple(found[:limit]), complete=False, proven=True, total=None)


def _next(program: Program, codes: Codes, classes: Codes) -> tuple[int, ...] | None:
    """The cheapest smallest set that is not forbidden; ``None``: there is none."""
    while True:
        chosen = program.solve()
        if chosen is None:
            return None
        unmet = unmet_rows(codes, classes, np.array(chosen, dtype=np.int64))
        if not len(unmet):
            return chosen
        program.rows = np.concatenate((program.rows, unmet))


def _greedy(codes: Codes, classes: Codes, rows: Rows) -> tuple[int, ...]:
    chosen: list[int] = []
    while True:
        met = rows[:, chosen].any(axis=1)
        if not met.all():
            chosen.append(int(rows[~met].sum(axis=0).argmax()))
            continue
        unmet = unmet_rows(codes, classes, np.array(chosen, dtype=np.int64))
        if not len(unmet):
            return tuple(sorted(chosen))
        rows = np.concatenate((rows, unmet))


_OPTIMAL, _INFEASIBLE = 0, 2


class ProgramTooLongError(Exception):
    """The deadline came before the optimum was proven."""


@dataclass
class Program:
    """Rows to meet and sets that are forbidden; both may grow between solutions."""

    rows: Rows
    costs: npt.NDArray[np.float64]
    deadline: Deadline
    size: int | None = None
    """``None``: as few columns as possible; else exactly so many, as cheap as possible."""
    forbidden: list[tuple[int, ...]] = field(default_factory=list)
    """No-good cuts; they count once ``size`` is set."""

    def solve(self) -> tuple[int, ...] | None:
        """The columns of an optimum, ascending; ``None`` where there is no solution.

        Raises ``ProgramTooLongError`` at the deadline.
        """
        if self.deadline.passed:
            raise ProgramTooLongError
        result = milp(
            np.ones(len(self.costs)) if self.size is None else self.costs,
            integrality=np.ones(len(self.costs)),
            bounds=Bounds(0, 1),
            constraints=self._constraints(),
            options={"time_limit": self.deadline.left, "mip_rel_gap": 0.0},
        )
        if result.status == _INFEASIBLE:
            return None
        if result.status != _OPTIMAL:
            raise ProgramTooLongError
        return tuple(int(column) for column in np.flatnonzero(result.x > 0.5))

    def _constraints(self) -> LinearConstraint:
        matrix = csr_array(self.rows.astype(np.float64))
        low, high = np.ones(len(self.rows)), np.full(len(self.rows), np.inf)
        if self.size is None:
            return LinearConstraint(matrix, low, high)
        cuts = np.ones((1 + len(self.forbidden), len(self.costs)))
        for row, chosen in enumerate(self.forbidden, 1):
            cuts[row] = 0
            cuts[row, list(chosen)] = 1
        return LinearConstraint(
            vstack((matrix, csr_array(cuts)), format="csr"),
            np.concatenate((low, [self.size], np.zeros(len(self.forbidden)))),
            np.concatenate((high, [self.size], np.full(len(self.forbidden), self.size - 1.0))),
        )
