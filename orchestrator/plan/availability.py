"""Which cells are known not to be had, before anything is tried."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator import catalog
from orchestrator.model.experiment import Cell, Reason

NO_MASK = "no-switch"
"""The framework has no variables for the level of a mask."""


def not_available(cell: Cell) -> Reason | None:
    """Why ``cell`` cannot be computed on any computer; ``None``: nothing is known against it.

    What a later try could find (a package, an emulator, a machine) is not known beforehand.
    """
    why = catalog.no_mask(cell.platform, cell.variant.framework)
    return None if why is None else Reason(NO_MASK, why)


def available(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    """The cells that are worth a try, in their order."""
    return tuple(cell for cell in cells if not_available(cell) is None)
