"""The cells of a store as they can be computed again: from the experiment's file."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator import experiment as spec
from orchestrator.errors import EqcError, UsageError
from orchestrator.model.experiment import Cell, Experiment
from orchestrator.plan.cells import make_plan
from orchestrator.providers.registry import providers
from orchestrator.store.read import planned_cells
from orchestrator.store.run_folder import run_folders


@dataclass(frozen=True)
class StoredCells:
    """Cells by their ids, and the experiments that they are of."""

    cells: Mapping[str, Cell]
    experiments: Mapping[str, Experiment]
    """By cell."""


def stored_cells(store: Path, wanted: Collection[str], file: Path | None = None) -> StoredCells:
    """The ``wanted`` cells of ``store``; ``file``: the experiment's, where it is known.

    Without it the file is the one that the run was called with, if that still says the same, else
    what the store keeps of it. Raises ``UsageError`` where a cell is in none.
    """
    cells: dict[str, Cell] = {}
    experiments: dict[str, Experiment] = {}
    wrong = ""
    for run in run_folders(store):
        if not {row.cell for row in planned_cells(run)} & (set(wanted) - set(cells)):
            continue
        path = file or _file_of(run)
        try:
            loaded = spec.load(path, providers())
        except EqcError as error:
            wrong = f"{path}: {error}"
            continue
        for cell in make_plan(loaded).cells:
            if cell.id in wanted:
                cells.setdefault(cell.id, cell)
                experiments.setdefault(cell.id, loaded)
    if left := set(wanted) - set(cells):
        why = wrong or "what the file says now gives other cells"
        raise UsageError(
            f"{store}: {len(left)} of {len(wanted)} cells cannot be computed again: {why}; say "
            "with --experiment FILE from which file they were made"
        )
    return StoredCells(cells, experiments)


def _file_of(run: Path) -> Path:
    kept = run / "experiment.yaml"
    if not kept.is_file():
        return kept
    text = kept.read_bytes()
    calls = json.loads((run / "run.json").read_bytes()).get("invocations", [])
    for call in reversed(calls):
        for word in call.get("argv", ()):
            path = Path(word)
            if path.suffix in (".yaml", ".yml") and path.is_file() and path.read_bytes() == text:
                return path
    return kept
