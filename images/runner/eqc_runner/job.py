"""``job.json``, the work of one runner, parsed once into frozen types."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Mapping, NamedTuple

from eqc_runner.presentation import table

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = 1


class JobError(Exception):
    """``job.json`` is missing or breaks the file format; the message names the file."""


class Session(NamedTuple):
    """Cell id and session number: the key of an observation within a job."""

    cell: str
    session: int


class Group(NamedTuple):
    """Cells that may share a worker process: one framework imported in one environment."""

    framework: str
    environment: tuple[tuple[str, str], ...]
    device: str
    mode: str
    """``fork`` or ``cold``."""


@dataclass(frozen=True)
class Cell:
    """One cell of the job; ``record`` is the JSON object as it came, unknown keys included."""

    id: str
    group: Group
    sessions: tuple[int, ...]
    record: Mapping[str, Any]


@dataclass(frozen=True)
class Job:
    """A parsed ``job.json``; docs/formats.md, section 2, gives the meaning of the fields.

    ``deadline`` is in Unix seconds; ``None`` stands for no deadline and for no memory limit.
    """

    launcher: tuple[str, ...]
    emulated: str | None
    presented: table.Presented | None
    deadline: float | None
    memory_bytes: int | None
    session_seconds: float
    probe: bool
    cells: tuple[Cell, ...]


def read_job(folder: Path) -> Job:
    """Parse ``folder/job.json``. Raises ``JobError``."""
    path = folder / "job.json"
    try:
        content = json.loads(path.read_bytes())
        if content["schema"] != SCHEMA:
            raise JobError(f"{path}: schema {content['schema']!r}; this runner reads {SCHEMA}")
        limits = content.get("limits") or {}
        job = Job(
            launcher=tuple(content.get("launcher") or ()),
            emulated=content.get("emulated"),
            presented=table.parse(content.get("presented")),
            deadline=content.get("deadline"),
            memory_bytes=limits.get("memory_bytes"),
            session_seconds=float(limits.get("session_seconds") or 600),
            probe=bool(content.get("probe", True)),
            cells=tuple(_cell(record) for record in content["cells"]),
        )
    except OSError as error:
        raise JobError(f"{path} cannot be read: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise JobError(f"{path} is not a valid job: {type(error).__name__}: {error}") from error
    if job.launcher and job.presented:
        raise JobError(f"{path} has a launcher and a presented CPU: an emulator has its own CPUID")
    ids = [cell.id for cell in job.cells]
    if len(set(ids)) != len(ids):
        raise JobError(f"{path} has the same cell twice")
    return job


def _cell(record: Mapping[str, Any]) -> Cell:
    device = record.get("device") or "cpu"
    # A GPU context must not exist before the fork, and importing may make one.
    mode = "fork" if record.get("mode", "fork") == "fork" and device == "cpu" else "cold"
    environment = {str(key): str(value) for key, value in (record.get("environment") or {}).items()}
    group = Group(record["framework"], tuple(sorted(environment.items())), device, mode)
    sessions = tuple(int(number) for number in record["sessions"])
    record["workload"], record["input"]["tensors"]  # raises a KeyError that names a missing key
    return Cell(record["cell"], group, sessions, record)
