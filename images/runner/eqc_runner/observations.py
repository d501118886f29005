"""``observations.jsonl``: one line per session, appended whole or not at all."""

from __future__ import annotations

import datetime as dt
import json
import os
from typing import TYPE_CHECKING, Any, Mapping

from eqc_runner.job import Session

if TYPE_CHECKING:
    from pathlib import Path

    from eqc_runner.failures import Reason

NAME = "observations.jsonl"
SCHEMA = 2
_BLOCK = 1 << 12


def append(path: Path, record: Mapping[str, Any]) -> None:
    """Append one line and sync it to disk.

    Raises ``OSError``; the file is then cut back to the length it had before.
    """
    line = json.dumps(record, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"
    descriptor = os.open(str(path), os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        size = os.fstat(descriptor).st_size
        try:
            rest = memoryview(line)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)


def repair(path: Path) -> None:
    """Cut off a line that a killed process left unfinished. Raises ``OSError``."""
    if not path.exists():
        return
    with path.open("rb+") as file:
        size = end = file.seek(0, os.SEEK_END)
        while end > 0:
            start = max(0, end - _BLOCK)
            file.seek(start)
            newline = file.read(end - start).rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                break
            end = start
        if end < size:
            file.truncate(end)


def recorded(path: Path) -> dict[Session, str]:
    """The status of every session that has a line, e.g. ``ok``.

    A line that is not an observation (damaged by a power failure) is ignored, so that its session
    is computed again.
    """
    found: dict[Session, str] = {}
    if not path.exists():
        return found
    for line in path.read_bytes().splitlines():
        entry = _entry(line)
        if entry is not None:
            found[entry[0]] = entry[1]
    return found


def _entry(line: bytes) -> tuple[Session, str] | None:
    try:
        record = json.loads(line)
        return Session(record["cell"], record["session"]), record["status"]
    except (ValueError, KeyError, TypeError):
        return None


def now() -> str:
    """The time as records carry it: UTC, to the second."""
    return dt.datetime.now(dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def without_output(
    cell: Mapping[str, Any], session: int, mode: str, reason: Reason, started: str, seconds: float
) -> dict[str, Any]:
    """The observation of a session without output.

    ``cell`` is a record of ``job.json`` with the ``software`` that computes it, ``reason`` says
    why there is no output, ``started`` is as from ``now`` and ``seconds`` is the wall time that
    was spent.
    """
    return {
        "schema": SCHEMA,
        "cell": cell["cell"],
        "session": session,
        "status": reason.status,
        "reason": reason.record(),
        "framework": {
            "name": cell["framework"],
            "version": None,
            "device": cell.get("device") or "cpu",
            "isa": None,
            "threads": None,
            "libraries": None,
        },
        # Where nothing could be started, there is nothing that computed.
        "software": None if reason.code == "not-installed" else cell.get("software"),
        "model": None,
        "outputs": [],
        "perturbed": None,
        "kernels": None,
        "mode": mode,
        "started": started,
        "seconds": round(seconds, 6),
    }
