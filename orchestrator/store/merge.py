"""Merging stores by union: every run of every source, each session once, no document lost.

What the result holds depends on what the sources hold, not on their order, and merging in steps
gives the same bytes as merging at once. docs/formats.md, section 5, has the rules.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from blake3 import blake3

from orchestrator.errors import EnvironmentNotReady, StoreError, UsageError
from orchestrator.store.read import planned_cells
from orchestrator.store.records import Record, Sourced, latest, read_records
from orchestrator.store.run_folder import run_folders, take_lock
from orchestrator.store.segments import is_segment, open_name
from orchestrator.store.versions import NAMES, read_run, united, version_digest, versions_of
from orchestrator.system.files import copy_whole, disk_errors, sync_folder, write_whole

FOLDERS = ("fingerprints", "tensors", "documents", "observations")
"""What a run's folder has, in an order in which nothing refers to what comes later."""


@dataclass(frozen=True)
class Merged:
    """What a merge did: runs in the target, and how many lines were new to it."""

    runs: int
    added: int


def merge(sources: Sequence[Path], target: Path) -> Merged:
    """Unite the runs of ``sources`` in ``target``, which may exist and is a source then, too.

    All is read, compared and written beside ``target`` before anything there changes; what is new
    appears at once. Raises ``ConflictError`` where two lines hold other bits for one session,
    ``StoreError`` where something is damaged, ``EnvironmentNotReady`` where ``target`` is being
    written.
    """
    folders: dict[tuple[str, str], list[Path]] = {}
    for source in sources:
        found = list(run_folders(source)) if source.is_dir() else []
        if not found:
            raise UsageError(f"{source}: holds no run (no run.json at or below it)")
        for run in found:
            folders.setdefault(_names(run), []).append(run)
    with ExitStack() as held, _stage_beside(target) as stage:
        added = 0
        for (experiment, run_name), runs in sorted(folders.items()):
            into = target / experiment / run_name
            if into.is_dir():
                lock = take_lock(into, "wait for it, then merge again")
                held.callback(os.close, lock)
            added += _unite(runs, into, stage / experiment / run_name)
        _install(stage, target)
    return Merged(len(folders), added)


def _names(run: Path) -> tuple[str, str]:
    """The names of a run's experiment and of the run: the folders that it belongs into."""
    document = read_run(run)
    names = document.get("experiment"), document.get("run")
    for name in names:
        if not isinstance(name, str) or name in ("", ".", "..") or Path(name).name != name:
            raise StoreError(
                f"{run / 'run.json'}: {name!r} names no run or experiment; the file is damaged"
            )
    return str(names[0]), str(names[1])


def _unite(runs: Sequence[Path], into: Path, stage: Path) -> int:
    """Write to ``stage`` what ``into`` lacks; returns the number of observation lines added."""
    others = [run for run in runs if run.resolve() != into.resolve()]
    copies = [into, *others] if into.is_dir() else others
    stage.mkdir(parents=True)
    added = _unite_observations(copies, into, stage / "observations")
    _unite_files(copies, into, stage)
    _unite_documents(copies, into, stage)
    return added


def _unite_observations(copies: Sequence[Path], into: Path, stage: Path) -> int:
    """Every line once, in the file of its machine, in the order in which they were recorded."""
    files = {copy: _observations(copy) for copy in copies}
    try:
        # Closed files of the target stay as they are: they are named by all that they hold.
        closed = {d for path in files.get(into, ()) if is_segment(path) for d in _digests(path)}
        known = {digest for path in files.get(into, ()) for digest in _digests(path)}
        items = {path: list(read_records(path)) for copy in copies for path in files[copy]}
        latest(item for found in items.values() for item in found)
        added, seen = 0, set(closed)
        for name in sorted(set(map(open_name, items))):
            lines = []
            for path in (path for path in items if open_name(path) == name):
                for item, line in _with_lines(path, items[path]):
                    digest = blake3(line).digest()
                    if digest not in seen:
                        seen.add(digest)
                        added += digest not in known
                        lines.append((_place(item.record), line))
            content = b"".join(line + b"\n" for _, line in sorted(lines))
            if content != _content(into / "observations" / name):
                write_whole(stage / name, content)
    except FileNotFoundError as error:
        raise EnvironmentNotReady(f"{error.filename}: is gone; merge again") from error
    for copy in copies:
        _refuse_closed_meanwhile(copy, files[copy])
    return added


def _unite_files(copies: Sequence[Path], into: Path, stage: Path) -> None:
    """Fingerprints and tensors that ``into`` lacks; raises where a name has two contents."""
    seen: dict[str, Path] = {}
    for path in (path for copy in copies for path in sorted((copy / "fingerprints").glob("[!.]*"))):
        other = seen.setdefault(path.name, path)
        if other is path:
            _add(path, into, stage)
        elif other.read_bytes() != path.read_bytes():
            raise StoreError(f"{other} and {path} have one name and other contents")
    for path in (path for copy in copies for path in sorted((copy / "tensors").glob("[!.]*"))):
        if path.parent.parent == into:
            continue
        there = into / "tensors" / path.name
        for each in (path, there) if there.exists() else (path,):
            if blake3().update_mmap(each).hexdigest() != each.name:
                raise StoreError(
                    f"{each}: its content is not what its name says; the file is damaged: remove "
                    "it, and merge with a store that has it whole"
                )
        _add(path, into, stage)


def _unite_documents(copies: Sequence[Path], into: Path, stage: Path) -> None:
    """All versions of the documents, and what they say together."""
    found: dict[str, Path | bytes] = {}
    for copy in copies:
        planned_cells(copy)
        found.update(versions_of(copy))
    for name, version in found.items():
        content = version if isinstance(version, bytes) else version.read_bytes()
        if isinstance(version, Path) and blake3(content).hexdigest() != version_digest(name):
            raise StoreError(f"{version}: its content is not what its name says; it is damaged")
        if not (into / "documents" / name).exists():
            write_whole(stage / "documents" / name, content)
    for name, content in united(found).items():
        if content != _content(into / name):
            write_whole(stage / name, content)


def _add(path: Path, into: Path, stage: Path) -> None:
    """Copy a file that is named by its content."""
    place = Path(path.parent.name) / path.name
    if not (into / place).exists() and not (stage / place).exists():
        copy_whole(path, stage / place)


def _place(record: Record) -> tuple[str, str, int, int]:
    """Where a line stands among those of its file; equal ones are ordered by their bytes."""
    return record.recorded, record.cell, record.session, record.attempt


def _with_lines(
    path: Path, items: Sequence[Sourced[Record]]
) -> Iterator[tuple[Sourced[Record], bytes]]:
    lines = path.read_bytes().split(b"\n")
    return ((item, lines[item.line - 1]) for item in items)


def _digests(path: Path) -> list[bytes]:
    """Of all whole lines."""
    return [blake3(line).digest() for line in path.read_bytes().split(b"\n")[:-1]]


def _observations(run: Path) -> list[Path]:
    return sorted((run / "observations").glob("*.jsonl"))


def _refuse_closed_meanwhile(run: Path, read: Sequence[Path]) -> None:
    """A file that is closed while others are read may have gone unread."""
    if any(is_segment(path) and path not in read for path in _observations(run)):
        raise EnvironmentNotReady(f"{run}: was being written while it was read; merge again")


def _content(path: Path) -> bytes:
    """Nothing where there is no file."""
    return path.read_bytes() if path.is_file() else b""


@contextmanager
def _stage_beside(target: Path) -> Iterator[Path]:
    """A folder on the disk of ``target`` that is gone at the end, whatever happens."""
    inside = target.is_dir() and any(target.iterdir())
    parent = target if inside else target.resolve().parent
    with disk_errors(parent):
        parent.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(dir=parent, prefix=f".{target.name}.merge-"))
        # mkdtemp makes folders private, but other users shall read results.
        stage.chmod(0o755)
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _install(stage: Path, target: Path) -> None:
    """Move all of ``stage`` to ``target``: at once where that is new, else file by file."""
    with disk_errors(target):
        if stage.parent != target:
            stage.rename(target.resolve())
            sync_folder(target.resolve().parent)
            return
        for run in sorted(stage.glob("*/*")):
            into = target / run.relative_to(stage)
            into.parent.mkdir(exist_ok=True)
            if not into.exists():
                run.rename(into)
            else:
                for path in _in_order(run):
                    (into / path.relative_to(run).parent).mkdir(exist_ok=True)
                    path.replace(into / path.relative_to(run))
            sync_folder(into.parent)


def _in_order(run: Path) -> list[Path]:
    """The files of a run, so that none refers to one that comes later."""
    below = [path for folder in FOLDERS for path in sorted((run / folder).glob("*"))]
    return below + [run / name for name in reversed(NAMES) if (run / name).exists()]
