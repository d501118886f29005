"""Reading a whole store: every run at or below a folder, as typed observations."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blake3 import blake3

from orchestrator.errors import StoreError, UsageError
from orchestrator.results.comparison import Comparison
from orchestrator.results.fingerprint import Fingerprint
from orchestrator.results.record import Observation, PlannedRecord
from orchestrator.store import cache
from orchestrator.store.columns import Columns, columns_of
from orchestrator.store.parse import JsonObject, parse_comparison, parse_plan
from orchestrator.store.parse_fingerprint import parse_fingerprint
from orchestrator.store.records import Sourced, latest, lines_of, warn_of_torn_line
from orchestrator.store.run_folder import run_folders

CACHED_FROM = 1 << 18
"""Bytes of observations from which a run is worth a cache: less is parsed while one is opened."""


@dataclass(frozen=True)
class Store:
    """What one or several runs hold."""

    runs: tuple[Path, ...]
    records: tuple[Observation, ...]
    """One per session, its last attempt. Equal parts of the records of a run are one object."""
    planned: tuple[PlannedRecord, ...]
    """One per planned cell, in the plan's order."""
    fingerprints: dict[str, Fingerprint]
    """By their digests."""
    asked: tuple[Comparison, ...] = ()
    """What its plans compare, each once."""


def read(store: Path, *, cached_from: int = CACHED_FROM) -> Store:
    """Read every run at or below ``store``; of runs of that many bytes a cache is kept and used.

    Raises ``UsageError`` where there is no run, ``StoreError`` where one is damaged.
    """
    if not store.is_dir():
        raise UsageError(f"{store}: no such folder")
    runs = tuple(run_folders(store))
    if not runs:
        raise UsageError(f"{store}: holds no run (no run.json at or below it)")
    records = tuple(latest(item for run in runs for item in _rows(run, cached_from)))
    planned = {cell.cell: cell for run in runs for cell in planned_cells(run)}
    plans = [_document(run / "plan.json") for run in runs if (run / "plan.json").is_file()]
    fingerprints = {
        path.stem: parse_fingerprint(_document(path))
        for run in runs
        for path in (run / "fingerprints").glob("*.json")
    }
    asked = tuple(dict.fromkeys(parse_comparison(plan) for plan in plans))
    return Store(runs, records, tuple(planned.values()), fingerprints, asked)


def planned_cells(run: Path) -> list[PlannedRecord]:
    """The cells of a run's ``plan.json``; none where it has no plan.

    Raises ``StoreError`` where it is damaged.
    """
    path = run / "plan.json"
    if not path.is_file():
        return []
    try:
        return parse_plan(_document(path))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{path}: is no plan.json ({error!r}); the file is damaged") from error


def _rows(run: Path, cached_from: int) -> Iterator[Sourced[Observation]]:
    files, size = _files(run / "observations")
    columns = _cached(run, files) if size >= cached_from else columns_of(files, _lines(files, {}))
    return columns.rows(files)


def _cached(run: Path, files: Sequence[Path]) -> Columns:
    torn: list[Path] = []
    columns = cache.load(run, lambda: _digests(files, torn))
    if columns is None:
        digests: dict[str, str] = {}
        columns = columns_of(files, _lines(files, digests))
        cache.save(run, columns, digests)
    else:
        for path in torn:
            warn_of_torn_line(path, path.read_bytes())
    return columns


def _files(folder: Path) -> tuple[list[Path], int]:
    """The observation files, sorted by name, and their bytes in total."""
    if not folder.is_dir():
        return [], 0
    with os.scandir(folder) as entries:
        found = {e.name: e.stat().st_size for e in entries if e.name.endswith(".jsonl")}
    return [folder / name for name in sorted(found)], sum(found.values())


def _lines(files: Sequence[Path], digests: dict[str, str]) -> Iterator[Sourced[JsonObject]]:
    """All records of ``files``; notes in ``digests`` what each contained when it was read."""
    for path in files:
        content = path.read_bytes()
        digests[path.name] = blake3(content).hexdigest()
        yield from lines_of(path, content)


def _digests(files: Sequence[Path], torn: list[Path]) -> dict[str, str]:
    """BLAKE3 of each file; those with a torn last line are added to ``torn``."""
    digests = {}
    for path in files:
        content = path.read_bytes()
        digests[path.name] = blake3(content).hexdigest()
        if content and not content.endswith(b"\n"):
            torn.append(path)
    return digests


def _document(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except ValueError as error:
        raise StoreError(f"{path}: not JSON ({error}); the file is damaged") from error
