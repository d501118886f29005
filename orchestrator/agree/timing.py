"""What sets of settings cost in time: warm runs beside those of the plain variant, in one run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from orchestrator.agree.observing import Run
from orchestrator.agree.result import Slowdown
from orchestrator.agree.settings import SettingSet
from orchestrator.agree.subjects import Subject, plan_of
from orchestrator.model.experiment import Cell, Experiment, Observe, Platform, Status
from orchestrator.results.record import Observation
from orchestrator.store.read import read
from orchestrator.store.run_folder import run_folders

SUFFIX = "-agree-time"
"""Of the experiment that the times belong to."""
HERE = Platform("local", "local")
"""This computer as it is: times of an emulated processor say nothing of a real one."""
MOST = 7
"""Sets that are timed beside the plain variant, at most: all run at once."""


@dataclass(frozen=True)
class Timed:
    """The slowdown of each set that could be timed, and why others could not."""

    slowdowns: Mapping[SettingSet, Slowdown]
    reasons: Mapping[SettingSet, str]


def timed(
    subject: Subject,
    sets: Sequence[SettingSet],
    experiment: Experiment,
    *,
    repetitions: int,
    results: Path | None,
    run: Run,
) -> Timed:
    """The slowdown of ``sets`` on this computer, of all workloads and inputs of ``subject``.

    ``run`` makes a new run each time: a ratio of times of two runs would be none. One that has
    all of them is taken instead, from ``results`` where that is given.
    """
    chosen = [frozenset[Any](), *sets[:MOST]]
    cells = {some: _cells(subject, some, repetitions) for some in chosen}
    plan = plan_of(experiment, [one for some in cells.values() for one in some], SUFFIX)
    wanted = {cell.id for cell in plan.cells}
    rows = None
    if results is not None:
        rows = _stored(results / plan.experiment.name, wanted, repetitions)
    if rows is None:
        folder = run(plan)
        rows = _rows(folder)
    plain = _laps(cells[frozenset()], rows)
    slowdowns, reasons = {}, {}
    for some in sets:
        if some not in cells:
            reasons[some] = f"only {MOST} sets are timed"
        elif isinstance(plain, str):
            reasons[some] = f"without any setting: {plain}"
        else:
            laps = _laps(cells[some], rows)
            if isinstance(laps, str):
                reasons[some] = laps
            else:
                slowdowns[some] = slowdown(plain, laps, _processor(rows, cells[some]))
    return Timed(slowdowns, reasons)


def slowdown(
    plain: Sequence[float], other: Sequence[float], processor: str | None = None
) -> Slowdown:
    """Of laps that were made in turn, each pair one after the other; seconds."""
    both = min(len(plain), len(other))
    ratios = np.array(other[:both]) / np.array(plain[:both])
    low, median, high = np.percentile(ratios, [25, 50, 75]).tolist()
    seconds = float(np.median(plain))
    return Slowdown(median, (low, high), both, seconds, HERE.name, processor)


def _cells(subject: Subject, settings: SettingSet, repetitions: int) -> tuple[Cell, ...]:
    observe = Observe(sessions=1, time=repetitions)
    return tuple(replace(cell, observe=observe) for cell in subject.cells_here(settings, HERE))


def _rows(folder: Path) -> dict[str, Observation]:
    """By cell; ``fingerprint`` is replaced by the processor's name, where it is known."""
    store = read(folder)
    brands = {name: each.cpu.brand for name, each in store.fingerprints.items()}
    return {
        row.cell: row._replace(fingerprint=brands.get(row.fingerprint or ""))
        for row in store.records
    }


def _stored(runs: Path, wanted: Iterable[str], repetitions: int) -> dict[str, Observation] | None:
    """The rows of the newest run in which all ``wanted`` cells were timed together."""
    folders = sorted(run_folders(runs), reverse=True) if runs.is_dir() else []
    for folder in folders:
        rows = _rows(folder)
        if all(cell in rows and _is_timed(rows[cell], repetitions) for cell in wanted):
            return rows
    return None


def _is_timed(row: Observation, repetitions: int) -> bool:
    return row.status != Status.OK or len(_laps_of(row)) >= repetitions


def _laps_of(row: Observation) -> Sequence[float]:
    laps: Any = row.time.get("laps", ()) if isinstance(row.time, dict) else ()
    return tuple(laps)


def _laps(cells: Sequence[Cell], rows: Mapping[str, Observation]) -> list[float] | str:
    """Lap by lap the seconds of all ``cells`` together; a text says why there are none."""
    laps = []
    for cell in cells:
        row = rows.get(cell.id)
        if row is None:
            return "not timed"
        if row.status != Status.OK:
            return "not timed" if row.reason is None else row.reason.message.split("\n", 1)[0]
        laps.append(_laps_of(row))
    found = [sum(each) for each in zip(*laps, strict=False)]
    return found or "not timed"


def _processor(rows: Mapping[str, Observation], cells: Sequence[Cell]) -> str | None:
    return rows[cells[0].id].fingerprint
