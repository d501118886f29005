"""Runs in a shared store, written by several computers."""

from __future__ import annotations

from pathlib import Path

from orchestrator.store.bucket.mirror import RemoteStore
from orchestrator.store.records import cell_objects
from orchestrator.store.run_folder import RunFolder, timestamp
from tests.unit.store.records import cell, observed, plan

CELL = cell()
RUN = "trial/run-1"
__all__ = ["CELL", "RUN", "append", "rows", "started"]


def started(store: RemoteStore, argv: str = "eqc") -> Path:
    """The run's folder in the mirror; the run is made if the mirror does not have it."""
    path = store.folder / RUN
    if not (path / "run.json").is_file():
        made = RunFolder.open(store.folder, plan(CELL), fresh=False)
        document = made.read_json("run.json")
        made.write_json("run.json", {**document, "run": path.name, "tag": "tag"})
        made.path.rename(path)
    with RunFolder(path) as run:
        run.write_plan(plan(CELL), [argv])
    return path


def append(run: RunFolder, session: int, *, machine: str = "m", digest: str = "a" * 64) -> None:
    record = observed(CELL.id, session, digest)
    about = {"run": run.name, "experiment": "trial", "machine": None, "fingerprint": None}
    run.append(machine, [{**record, **cell_objects(CELL), **about, "recorded": timestamp()}])


def rows(store: RemoteStore) -> set[int]:
    """The session numbers of all observations in the mirror."""
    with RunFolder(store.folder / RUN) as run:
        return {record.session for record in run.records()}
