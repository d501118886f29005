"""Reading a whole store: every run at or below a folder, as plain records."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.errors import StoreError, UsageError
from orchestrator.store.records import Record, latest, read_lines
from orchestrator.store.run import run_folders


@dataclass(frozen=True)
class Store:
    """What one or several runs hold."""

    runs: tuple[Path, ...]
    records: tuple[Record, ...]
    """One per session, its last attempt."""
    planned: tuple[Record, ...]
    """One per planned cell, in the plan's order: ``cell``, ``sessions`` and its four parts."""
    fingerprints: dict[str, dict[str, Any]]


def read(store: Path) -> Store:
    """Read every run at or below ``store``.

    Raises ``UsageError`` where there is no run, ``StoreError`` where one is damaged.
    """
    if not store.is_dir():
        raise UsageError(f"{store}: no such folder")
    runs = tuple(run_folders(store))
    if not runs:
        raise UsageError(f"{store}: holds no run (no run.json at or below it)")
    sourced = (
        item
        for run in runs
        for path in sorted((run / "observations").glob("*.jsonl"))
        for item in read_lines(path)
    )
    records = tuple(latest(sourced))
    planned = {cell["cell"]: cell for run in runs for cell in _planned(run)}
    fingerprints = {
        path.stem: _document(path) for run in runs for path in (run / "fingerprints").glob("*.json")
    }
    return Store(runs, records, tuple(planned.values()), fingerprints)


def _planned(run: Path) -> list[Record]:
    path = run / "plan.json"
    if not path.is_file():
        return []
    plan = _document(path)
    kinds = ("platforms", "workloads", "inputs", "variants")
    rows = []
    for cell in plan["cells"]:
        parts = {kind[:-1]: plan[kind][i] for kind, i in zip(kinds, cell["parts"], strict=True)}
        rows.append({"cell": cell["cell"], "sessions": cell["sessions"], **parts})
    return rows


def _document(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except ValueError as error:
        raise StoreError(f"{path}: not JSON ({error}); the file is damaged") from error
