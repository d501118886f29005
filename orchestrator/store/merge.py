"""Merging stores by union: every run of every source, each session once."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from blake3 import blake3

from orchestrator.errors import StoreError, UsageError
from orchestrator.store.records import latest, read_records
from orchestrator.store.run_folder import run_folders
from orchestrator.store.segments import open_name
from orchestrator.system.files import write_whole


@dataclass(frozen=True)
class Merged:
    """What a merge did: runs in the target, and how many lines were new to it."""

    runs: int
    added: int


def merge(sources: Sequence[Path], target: Path) -> Merged:
    """Unite the runs of ``sources`` in ``target``, which may exist and is a source then, too.

    Everything is read and compared before anything is written. Raises ``ConflictError`` where
    two files hold other bits for one session, ``StoreError`` where one tensor or fingerprint
    name stands for two contents.
    """
    folders: dict[tuple[str, str], list[Path]] = {}
    for source in sources:
        found = list(run_folders(source)) if source.is_dir() else []
        if not found:
            raise UsageError(f"{source}: holds no run (no run.json at or below it)")
        for run in found:
            document = json.loads((run / "run.json").read_bytes())
            folders.setdefault((document["experiment"], document["run"]), []).append(run)
    plans = [(target / e / r, runs) for (e, r), runs in sorted(folders.items())]
    for into, runs in plans:
        _check([*([into] if into.is_dir() else []), *runs])
    added = sum(_unite(into, runs) for into, runs in plans)
    return Merged(len(plans), added)


def _check(runs: Sequence[Path]) -> None:
    """Raise for every contradiction between copies of one run."""
    latest(item for run in runs for path in _observations(run) for item in read_records(path))
    for kind in ("fingerprints", "tensors"):
        seen: dict[str, Path] = {}
        for run in runs:
            for path in sorted((run / kind).glob("*")):
                other = seen.setdefault(path.name, path)
                if other is not path and other.read_bytes() != path.read_bytes():
                    raise StoreError(f"{other} and {path} have one name and other contents")


def _unite(into: Path, runs: Sequence[Path]) -> int:
    """Copy into ``into`` what it lacks; returns the number of observation lines added."""
    into.mkdir(parents=True, exist_ok=True)
    added = 0
    known = {blake3(line).digest() for path in _observations(into) for line in _lines(path)}
    for run in runs:
        if run.resolve() == into.resolve():
            continue
        for path in _observations(run):
            # To the machine's open file: a closed one is named by all that it holds.
            added += _append_missing(into / "observations" / open_name(path), path, known)
        for kind in ("fingerprints", "tensors"):
            for path in sorted((run / kind).glob("*")):
                if not (into / kind / path.name).exists():
                    write_whole(into / kind / path.name, path.read_bytes())
        for name in ("experiment.yaml", "plan.json", "run.json"):
            if (run / name).is_file() and not (into / name).exists():
                shutil.copyfile(run / name, into / name)
    return added


def _append_missing(into: Path, path: Path, known: set[bytes]) -> int:
    """Append the lines of ``path`` whose digest is not ``known``, written whole or not at all."""
    new = [line for line in _lines(path) if blake3(line).digest() not in known]
    if new:
        write_whole(into, b"".join((_lines(into) if into.exists() else []) + new))
        known.update(blake3(line).digest() for line in new)
    return len(new)


def _lines(path: Path) -> list[bytes]:
    """Without a torn one at the end."""
    lines = path.read_bytes().splitlines(keepends=True)
    return [line for line in lines if line.endswith(b"\n")]


def _observations(run: Path) -> list[Path]:
    return sorted((run / "observations").glob("*.jsonl"))
