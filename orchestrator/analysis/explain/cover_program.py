"""The set cover as a mixed-integer program, solved by HiGHS."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, vstack

from orchestrator.analysis.explain.constraints import Rows

_OPTIMAL, _INFEASIBLE = 0, 2


class ProgramTooLongError(Exception):
    """The deadline came before the optimum was proven."""


@dataclass
class Program:
    """Rows to meet and sets that are forbidden; both may grow between solutions."""

    rows: Rows
    costs: npt.NDArray[np.float64]
    deadline: float
    """In seconds of ``time.monotonic``."""
    size: int | None = None
    """``None``: as few columns as possible; else exactly so many, as cheap as possible."""
    forbidden: list[tuple[int, ...]] = field(default_factory=list)
    """No-good cuts; they count once ``size`` is set."""

    def solve(self) -> tuple[int, ...] | None:
        """The columns of an optimum, ascending; ``None`` where there is no solution.

        Raises ``ProgramTooLongError`` at the deadline.
        """
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise ProgramTooLongError
        result = milp(
            np.ones(len(self.costs)) if self.size is None else self.costs,
            integrality=np.ones(len(self.costs)),
            bounds=Bounds(0, 1),
            constraints=self._constraints(),
            options={"time_limit": left, "mip_rel_gap": 0.0},
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
