"""All smallest sets of attributes that determine the classes, exactly, by integer programming.

This is the minimum test collection: choose as few attributes as possible such that every pair
of platforms in two classes differs in a chosen one. Of millions of pairs few matter, so their
constraints are generated lazily: solve with those known, look for pairs that the solution leaves
together, add them, again. A solution that leaves none is a smallest set, since fewer constraints
can only make the optimum smaller. Each set found is then forbidden (a no-good cut), until no
further one of its size exists.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, vstack

from orchestrator.analysis.cover_rows import Codes, Rows, all_rows, nearest_rows, unmet_rows

_ALL_PAIRS_UP_TO = 200
_OPTIMAL, _OUT_OF_TIME, _INFEASIBLE = 0, 1, 2


@dataclass(frozen=True)
class Covers:
    """``sets`` are ascending attribute numbers, cheapest first."""

    sets: tuple[tuple[int, ...], ...]
    complete: bool
    """No further set of this size exists."""
    proven: bool
    """No smaller set exists; if not, ``sets`` holds one that was grown greedily."""


@dataclass
class _Program:
    """Rows to meet, sets forbidden, and the size once it is known."""

    costs: npt.NDArray[np.float64]
    rows: Rows
    deadline: float
    size: int | None = None
    forbidden: list[tuple[int, ...]] = field(default_factory=list)


class _OutOfTimeError(Exception):
    pass


def minimal_covers(
    codes: Codes,
    classes: Codes,
    costs: Codes,
    *,
    limit: int = 64,
    seconds: float = 60.0,
) -> Covers:
    """All sets of as few columns of ``codes`` (platforms x attributes) as determine ``classes``.

    ``costs`` (>= 0, by attribute) order sets of equal size, and are the order in which they are
    found: where there are more than ``limit``, or ``seconds`` are over, the cheapest are there.
    Raises ``ValueError`` where equal rows of ``codes`` are in two classes: no set exists.
    """
    if not len(np.unique(classes)) > 1:
        return Covers(((),), complete=True, proven=True)
    every = np.arange(codes.shape[1])
    if len(unmet_rows(codes, classes, every)):
        raise ValueError("platforms with equal attributes are in different classes")
    members = np.arange(len(codes))
    known = (
        all_rows(codes, classes)
        if len(codes) <= _ALL_PAIRS_UP_TO
        else nearest_rows(codes, classes, members)
    )
    program = _Program(costs.astype(np.float64), known, time.monotonic() + seconds)
    found: list[tuple[int, ...]] = []
    try:
        # How many are needed is found first: with equal costs the search is far shorter.
        program.size = len(_next(program, codes, classes) or ())
        while len(found) <= limit:
            chosen = _next(program, codes, classes)
            if chosen is None:
                return Covers(tuple(found), complete=True, proven=True)
            program.forbidden.append(chosen)
            found.append(chosen)
    except _OutOfTimeError:
        if not found:
            grown = _greedy(codes, classes, program.rows)
            return Covers((grown,), complete=False, proven=len(grown) == program.size)
        return Covers(tuple(found), complete=False, proven=True)
    return Covers(tuple(found[:limit]), complete=False, proven=True)


def _next(program: _Program, codes: Codes, classes: Codes) -> tuple[int, ...] | None:
    """The cheapest smallest set that is not forbidden; ``None``: there is none."""
    while True:
        chosen = _solve(program)
        if chosen is None:
            return None
        unmet = unmet_rows(codes, classes, chosen)
        if not len(unmet):
            return tuple(int(column) for column in chosen)
        program.rows = np.concatenate((program.rows, unmet))


def _solve(program: _Program) -> Codes | None:
    left = program.deadline - time.monotonic()
    if left <= 0:
        raise _OutOfTimeError
    count = len(program.costs)
    matrix = csr_array(program.rows.astype(np.float64))
    low = np.ones(len(program.rows))
    high = np.full(len(program.rows), np.inf)
    if program.size is not None:
        cuts = np.ones((1 + len(program.forbidden), count))
        for row, given in enumerate(program.forbidden, 1):
            cuts[row] = 0
            cuts[row, list(given)] = 1
        matrix = vstack((matrix, csr_array(cuts)), format="csr")
        low = np.concatenate((low, [program.size], np.zeros(len(program.forbidden))))
        most = np.full(len(program.forbidden), program.size - 1.0)
        high = np.concatenate((high, [program.size], most))
    result = milp(
        np.ones(count) if program.size is None else program.costs,
        integrality=np.ones(count),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(matrix, low, high),
        options={"time_limit": left, "mip_rel_gap": 0.0},
    )
    if result.status == _INFEASIBLE:
        return None
    if result.status != _OPTIMAL:
        raise _OutOfTimeError
    return np.flatnonzero(result.x > 0.5).astype(np.int64)


def _greedy(codes: Codes, classes: Codes, rows: Rows) -> tuple[int, ...]:
    chosen: list[int] = []
    while True:
        met = rows[:, chosen].any(axis=1) if chosen else np.zeros(len(rows), dtype=bool)
        if met.all():
            unmet = unmet_rows(codes, classes, np.array(chosen, dtype=np.int64))
            if not len(unmet):
                return tuple(sorted(chosen))
            rows = np.concatenate((rows, unmet))
            continue
        chosen.append(int(rows[~met].sum(axis=0).argmax()))
