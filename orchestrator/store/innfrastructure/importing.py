"""Taking the study's result files into a store, as one run of an experiment of their own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import ConflictError, UsageError
from orchestrator.results.record import Bits, SessionKey
from orchestrator.store.innfrastructure.files import Imported, Rejected, read
from orchestrator.store.records import Record
from orchestrator.store.run_folder import RunFolder, timestamp
from orchestrator.system.files import write_whole

EXPERIMENT, RUN = "innfrastructure", "imported"


@dataclass(frozen=True)
class Taken:
    """What an import did."""

    run: Path
    files: int
    added: int
    """Observations that the store did not have."""
    rejected: tuple[Rejected, ...]


def import_study(folder: Path, store: Path) -> Taken:
    """Import every result file at or below ``folder`` into ``store``; a second time adds nothing.

    Everything is read before anything is written. Raises ``UsageError`` where no file is one of
    the study's, ``ConflictError`` where two files hold other bits for one session.
    """
    found: list[Imported] = []
    rejected: list[Rejected] = []
    for item in read(folder):
        if isinstance(item, Imported):
            found.append(item)
        else:
            rejected.append(item)
    if not found:
        reasons = "".join(f"\n{bad.path}: {bad.reason}" for bad in rejected[:10])
        raise UsageError(f"{folder}: holds no result file of the study{reasons}")
    _refuse_conflicts(found)
    path = store / EXPERIMENT / RUN
    if not (path / "run.json").exists():
        document = {"schema": 1, "run": RUN, "experiment": EXPERIMENT, "started": timestamp()}
        RunFolder(path).write_json("run.json", {**document, "invocations": []})
    with RunFolder(path) as run:
        added = 0
        for item in found:
            for digest, content in item.tensors:
                if not (path / "tensors" / digest).exists():
                    write_whole(path / "tensors" / digest, content)
            run.put_fingerprint_document(item.fingerprint_digest, item.fingerprint)
            added += run.append(item.platform, item.records)
    return Taken(path, len(found), added, tuple(rejected))


def _refuse_conflicts(found: list[Imported]) -> None:
    seen: dict[SessionKey, tuple[Path, Bits]] = {}
    for item in found:
        for record in map(Record.of, item.records):
            path, bits = seen.setdefault(record.key, (item.path, record.bits))
            if bits != record.bits:
                raise ConflictError(
                    f"{path} and {item.path} are the same session of the same cell with other "
                    "bits; take one of them away"
                )
