"""One run's folder, open for writing by one process at a time."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from blake3 import blake3

from orchestrator.errors import ConflictError, EnvironmentNotReady, StoreError
from orchestrator.model.experiment import Plan, Status
from orchestrator.store.documents import complete, identity, newest
from orchestrator.store.parse import JsonObject
from orchestrator.store.records import Record, latest, plan_document, read_records
from orchestrator.store.segments import seal
from orchestrator.system.files import copy_whole, disk_errors, is_locked, lock_file, write_whole

CONFIRM = "_confirm"
"""The folder of confirmations in a store (``store.confirmations``); no experiment is called so."""
SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


class RunFolder:
    """``results/<experiment>/<run>/`` held under a lock; a context manager.

    Everything in it is written whole or, for observations, appended one synced line at a time.
    """

    def __init__(self, path: Path, stored: Callable[[RunFolder], None] | None = None) -> None:
        """``stored`` is called, from any thread, whenever observations were added."""
        self.path = path
        self._stored = stored
        self.name = path.name
        self._lock: int | None = None
        self._known: dict[tuple[str, str | None, int], Record] | None = None
        self._appending = threading.Lock()

    @classmethod
    def open(
        cls,
        results: Path,
        plan: Plan,
        *,
        fresh: bool,
        stored: Callable[[RunFolder], None] | None = None,
    ) -> RunFolder:
        """The experiment's newest run, or a new one (``fresh``, or there is none)."""
        newest = newest_run(results, plan.experiment.name)
        if newest is not None and not fresh:
            return cls(newest, stored)
        now = datetime.now(UTC)
        # Microseconds keep the names of runs in the order in which they were started.
        name = f"{now:%Y%m%dT%H%M%S}-{now.microsecond:06d}"
        run = cls(results / plan.experiment.name / name, stored)
        document = {
            "schema": 1,
            "run": run.name,
            "experiment": plan.experiment.name,
            # What machines are tagged with. Two stores may hold runs of one name, hence the rest.
            "tag": f"{run.name.lower()}-{secrets.token_hex(4)}",
        }
        run.write_json("run.json", {**document, "started": timestamp(), "invocations": []})
        return run

    def __enter__(self) -> RunFolder:
        self._lock = take_lock(self.path, "wait for it, or start a new run with --fresh")
        self._mend()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._appending:
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None
            self._known = None

    def _mend(self) -> None:
        """Cut torn last lines off, so that what is appended next starts on a line of its own."""
        for path in self.observation_files():
            content = path.read_bytes()
            whole = content.rfind(b"\n") + 1
            if whole < len(content):
                os.truncate(path, whole)

    # -- what was asked -------------------------------------------------------------------

    def write_plan(self, plan: Plan, argv: Sequence[str]) -> None:
        """Store what is asked of this run: the file's text, the cells, and the call."""
        spec = plan.experiment.source.encode()
        write_whole(self.path / "experiment.yaml", spec)
        self.write_json("plan.json", plan_document(plan))
        document = self.read_json("run.json")
        calls = complete(document, {})["invocations"]
        document["invocations"].append(
            {
                "id": secrets.token_hex(8),
                "argv": list(argv),
                "started": timestamp(),
                "plan": blake3((self.path / "plan.json").read_bytes()).hexdigest(),
                "experiment": blake3(spec).hexdigest(),
                "after": sorted(map(identity, newest(calls))),
            }
        )
        self.write_json("run.json", document)

    @property
    def tag(self) -> str:
        """What the run's machines are tagged with: unique over all stores."""
        return str(self.read_json("run.json").get("tag") or self.name.lower())

    def ended_well(self) -> bool:
        """Whether the invocation before this one, if there was one, came to its end."""
        return all("ended" in call for call in self.read_json("run.json")["invocations"][-2:-1])

    def finish(self, spent: JsonObject) -> None:
        """Note in ``run.json`` how the newest invocation ended."""
        document = self.read_json("run.json")
        document["invocations"][-1].update(spent, ended=timestamp())
        self.write_json("run.json", document)

    # -- what was observed ----------------------------------------------------------------

    def observation_files(self) -> list[Path]:
        """One per machine, sorted by name."""
        return sorted((self.path / "observations").glob("*.jsonl"))

    def records(self) -> list[Record]:
        """One record per session and software, its last attempt."""
        return list(self._sessions().values())

    def append(self, machine: str, records: Iterable[JsonObject]) -> int:
        """Append observations of ``machine`` and sync; returns how many were new.

        A record that the store already has (same session, software, status and bits or reason) is
        left out, so that taking in the same output twice changes nothing. ``RuntimeError`` unless
        this object holds the run's lock (``with``).
        """
        with self._appending:
            if self._lock is None:
                raise RuntimeError(f"{self.path}: appended to without the lock of the run")
            known = self._sessions()
            new: list[JsonObject] = []
            for document in records:
                record = Record.of(document)
                session = record.cell, record.software, record.session
                earlier = known.get(session)
                if earlier is not None and earlier.status == record.status == Status.OK:
                    _refuse_other_bits(self.path, earlier, record)
                if earlier is not None and _says_nothing_new(earlier, record):
                    continue
                attempt = 0 if earlier is None else earlier.attempt + 1
                new.append({**document, "attempt": attempt})
                known[session] = record._replace(attempt=attempt)
            _append_lines(self.path / "observations" / f"{safe_name(machine)}.jsonl", new)
        if new and self._stored is not None:
            self._stored(self)
        return len(new)

    def seal(self) -> None:
        """Close what was appended until now (``segments``), if this run is still held."""
        with self._appending:
            if self._lock is not None:
                seal(self.path)

    def _sessions(self) -> dict[tuple[str, str | None, int], Record]:
        """What the store has, read once: only this process writes while it holds the lock."""
        if self._known is None:
            files = self.observation_files()
            found = latest(item for path in files for item in read_records(path))
            self._known = {(one.cell, one.software, one.session): one for one in found}
        return self._known

    def sessions_done(self) -> dict[tuple[str, int], dict[str | None, str | None]]:
        """By whom each (cell, session) was computed that the same need not compute again.

        The version of the framework by the id of the software, ``None`` where it is not known.
        """
        done: dict[tuple[str, int], dict[str | None, str | None]] = {}
        for (cell, software, session), record in self._sessions().items():
            if record.is_final:
                done.setdefault((cell, session), {})[software] = record.version
        return done

    def put_fingerprint(self, digest: str, content: bytes) -> None:
        """Store a fingerprint by its digest, unless the store has it."""
        path = self.path / "fingerprints" / f"{digest}.json"
        if not path.exists():
            write_whole(path, content)

    def put_fingerprint_document(self, digest: str, fingerprint: JsonObject) -> None:
        """As ``put_fingerprint``, for one that is not yet JSON."""
        self.put_fingerprint(digest, json.dumps(fingerprint, sort_keys=True, indent=1).encode())

    def take_tensor(self, digest: str, source: Path) -> None:
        """Store a tensor file by its digest, unless the store has it."""
        path = self.path / "tensors" / digest
        if not path.exists():
            copy_whole(source, path)

    # -- work in progress -----------------------------------------------------------------

    def work(self, name: str) -> Path:
        """A folder for one batch's job and output; left behind by a kill, taken in next time."""
        path = self.path / "work" / safe_name(name)
        with disk_errors(path):
            path.mkdir(parents=True, exist_ok=True)
        return path

    def leftovers(self) -> list[Path]:
        """Work folders that an earlier, killed ``eqc run`` left behind."""
        folder = self.path / "work"
        return sorted(p for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []

    def drop_work(self, path: Path | None = None) -> None:
        """Delete one work folder, or all."""
        shutil.rmtree(path or self.path / "work", ignore_errors=True)

    # -- documents ------------------------------------------------------------------------

    def read_json(self, name: str) -> Any:
        """A JSON document of this run."""
        return json.loads((self.path / name).read_bytes())

    def write_json(self, name: str, document: Any) -> None:
        """Write a JSON document of this run whole."""
        write_whole(self.path / name, json.dumps(document, indent=1, sort_keys=True).encode())


def timestamp() -> str:
    """Now, as stored: UTC, ISO 8601, whole seconds."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


def safe_name(name: str) -> str:
    """``name`` as one path component: anything but letters, digits and ``-_.`` becomes ``_``."""
    cleaned = "".join(c if c in SAFE else "_" for c in name).lstrip(".")
    if not cleaned:
        raise StoreError(f"{name!r} cannot name a file")
    return cleaned[:150]


def take_lock(run: Path, remedy: str) -> int:
    """Hold the lock of a run until the descriptor that is returned is closed.

    Raises ``EnvironmentNotReady``, with the process that holds it and the ``remedy``.
    """
    with disk_errors(run):
        lock = os.open(run / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        lock_file(lock)
    except BlockingIOError as error:
        owner = os.read(lock, 64).decode(errors="replace").strip()
        os.close(lock)
        raise EnvironmentNotReady(
            f"{run}: another eqc run (process {owner or 'unknown'}) is writing this run; {remedy}"
        ) from error
    os.ftruncate(lock, 0)
    os.write(lock, str(os.getpid()).encode())
    return lock


def is_being_written(run: Path) -> bool:
    """Whether a live process of this computer holds the run's lock."""
    return is_locked(run / ".lock")


def newest_run(results: Path, experiment: str) -> Path | None:
    """The folder of the experiment's newest run; names of runs sort by their start."""
    runs = sorted(path.parent for path in (results / experiment).glob("*/run.json"))
    return runs[-1] if runs else None


def run_folders(store: Path) -> Iterator[Path]:
    """Every run at or below ``store``: a run's folder, an experiment's, or a whole results.

    Not those that confirmations rest on: what stands in for a platform is none.
    """
    if (store / "run.json").is_file():
        yield store
        return
    found = sorted(path.parent for path in store.glob("**/run.json"))
    yield from (path for path in found if CONFIRM not in path.relative_to(store).parts)


def _refuse_other_bits(run: Path, earlier: Record, record: Record) -> None:
    if earlier.bits != record.bits:
        raise ConflictError(
            f"{run}: session {record.session} of cell {record.cell} is stored with other "
            "bits; what is stored is kept, and the new observation is refused"
        )


def _says_nothing_new(earlier: Record, record: Record) -> bool:
    if earlier.status != record.status:
        return earlier.status == Status.OK
    return record.status == Status.OK or earlier.reason == record.reason


def _append_lines(path: Path, records: Sequence[JsonObject]) -> None:
    """Append all lines and sync; where the disk fills up on the way, take all of them back."""
    if not records:
        return
    lines = b"".join(json.dumps(record, sort_keys=True).encode() + b"\n" for record in records)
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab", buffering=0) as file:
            end = file.seek(0, os.SEEK_END)
            try:
                view = memoryview(lines)
                while view:
                    view = view[file.write(view) :]
                os.fsync(file.fileno())
            except OSError:
                file.truncate(end)
                raise
