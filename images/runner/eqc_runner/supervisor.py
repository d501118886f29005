"""``eqc_runner run``: writes one observation per session of a job, also where others fail.

The supervisor runs natively and imports neither NumPy nor a framework. It groups the cells that
can share a worker process, starts one worker per group (one per session where sessions are cold),
enforces the limits, and writes the observations of sessions that could not write their own.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

from eqc_runner import fingerprint_file, observations
from eqc_runner.exit_reason import exit_reason, oom_kills
from eqc_runner.failures import Reason, SessionError
from eqc_runner.files import Files
from eqc_runner.job import Cell, Group, Job, JobError, Session, read_job
from eqc_runner.presentation.environment import Presentation
from eqc_runner.process_group import kill_group
from eqc_runner.software import software
from eqc_runner.worker_process import CannotStart, Event, WorkerProcess

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

BAD_JOB = 2
CANNOT_WRITE = 74
"""EX_IOERR: an observation, or the reason why there is none, could not be written."""

IMPORT_SECONDS = 300.0
"""The shortest time limit for importing a framework. Under emulation imports take up to 30 s."""

_GRACE_SECONDS = 5.0
"""How long the worker may take to report the end of a session that was killed."""


def run(job_folder: Path, out_folder: Path) -> int:
    """Run the job; returns the exit code: 0, ``BAD_JOB`` or ``CANNOT_WRITE``.

    It is 0 as long as the observations could be written, whatever their status.
    """
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    try:
        job = read_job(job_folder)
    except JobError as error:
        _say(str(error))
        return BAD_JOB
    try:
        out_folder.mkdir(parents=True, exist_ok=True)
        with Presentation(job.presented) as presentation:
            if job.probe:
                fingerprint_file.write(job, presentation, out_folder)
            Supervisor(job, presentation, job_folder, out_folder).run()
    except OSError as error:
        _say(f"cannot write to {out_folder}: {error}; free some space and run again")
        return CANNOT_WRITE
    return 0


class Supervisor:
    """One run of one job."""

    def __init__(
        self, job: Job, presentation: Presentation, job_folder: Path, out_folder: Path
    ) -> None:
        self._job = job
        self._presentation = presentation
        self._job_folder = job_folder
        self._out_folder = out_folder
        self._path = out_folder / observations.NAME
        self._cells = {cell.id: cell for cell in job.cells}
        self._files = Files(job_folder)
        self._software: dict[tuple[str, tuple[str, ...]], dict[str, Any] | None] = {}
        self._deadline = float("inf")
        if job.deadline is not None:
            self._deadline = time.monotonic() + job.deadline - time.time()

    def run(self) -> None:
        """Compute every session that has no line yet, group by group. Raises ``OSError``."""
        observations.repair(self._path)
        done = observations.recorded(self._path)
        groups: dict[Group, list[Session]] = {}
        for cell in self._job.cells:
            sessions = [Session(cell.id, number) for number in cell.sessions]
            groups.setdefault(cell.group, []).extend(s for s in sessions if s not in done)
        for group, sessions in groups.items():
            waiting = [session for session in sessions if self._files_are_right(session)]
            while waiting:
                waiting = self._run_worker(group, waiting)

    def _files_are_right(self, session: Session) -> bool:
        reason = self._files.problem(self._cells[session.cell].record)
        if reason is not None:
            self._write(session, reason)
        return reason is None

    def _run_worker(self, group: Group, sessions: list[Session]) -> list[Session]:
        """Compute ``sessions`` with one worker; returns those that are left when it ends."""
        if self._deadline <= time.monotonic():
            return self._give_up(sessions, _too_late())
        batch = sessions[:1] if group.mode == "cold" else sessions
        later = sessions[len(batch) :]
        records: dict[str, Any] = {s.cell: self._described(s.cell) for s in batch}
        assignment = {
            "job": str(self._job_folder.resolve()),
            "out": str(self._out_folder.resolve()),
            "framework": group.framework,
            "mode": group.mode,
            "cells": records,
            "sessions": batch,
        }
        # No limit with a GPU: drivers map device memory into the process, which might count.
        memory = self._job.memory_bytes if group.device == "cpu" else None
        before = oom_kills()
        environment = self._presentation.environment(dict(group.environment))
        try:
            worker = WorkerProcess(self._job.launcher, environment, assignment, memory)
        except CannotStart as error:
            why = Reason("unsupported", "not-installed", str(error))
            return self._give_up([*batch, *later], why)
        with worker:
            reason = self._await_import(worker, before)
            if reason is not None:
                return self._give_up([*batch, *later], reason)
            while batch:
                if not self._follow(worker, batch[0]):
                    return [*batch[1:], *later]
                batch = batch[1:]
        return later

    def _await_import(self, worker: WorkerProcess, oom_before: int) -> Reason | None:
        """``None`` once the framework is imported, else why none of its sessions can run."""
        limit = time.monotonic() + max(IMPORT_SECONDS, self._job.session_seconds)
        event = worker.next(min(limit, self._deadline))
        if event.name == "ready":
            return None
        if event.name == "unusable":
            fields = event.fields
            return Reason(fields["status"], fields["code"], fields["message"], worker.stderr())
        if event.name == "silent":
            worker.kill()
            if self._deadline <= time.monotonic():
                return _too_late()._replace(stderr=worker.stderr())
            # TensorFlow waits for ever if a memory limit keeps it from starting a thread.
            hint = "" if self._job.memory_bytes is None else " (a memory limit was set)"
            text = f"importing the framework took too long{hint}"
            return Reason("failed", "timeout", text, worker.stderr())
        death = self._death(event.fields["returncode"], worker.stderr(), oom_before)
        return death._replace(message=f"while importing: {death.message}")

    def _follow(self, worker: WorkerProcess, session: Session) -> bool:
        """Wait until ``session`` has its line; returns whether the worker can compute the next."""
        oom_before = oom_kills()
        clock, started = time.monotonic(), observations.now()
        limit = min(clock + self._job.session_seconds, self._deadline)
        cold = self._cells[session.cell].group.mode == "cold"
        pid: int | None = None
        reason: Reason | None = None
        ended = False
        while True:
            event = worker.next(limit)
            if event.name == "begin":
                pid = event.fields["pid"]
            elif event.name == "ended":
                ended = True
                if event.fields["reason"] is not None:
                    reason = Reason(*event.fields["reason"])
                if cold:
                    break
            elif event.name == "silent" and reason is None and pid is not None and not cold:
                reason = self._timed_out(limit)
                kill_group(pid)
                limit = time.monotonic() + _GRACE_SECONDS
            elif event.name == "silent":
                reason = reason or self._timed_out(limit)
                worker.kill(pid)
                event = Event("gone", {})
                break
            else:
                if not ended and reason is None:
                    code = event.fields["returncode"]
                    reason = self._death(code, worker.stderr(session), oom_before)
                break
        seconds = time.monotonic() - clock
        observations.repair(self._path)
        status = observations.recorded(self._path).get(session) if reason or not ended else "ok"
        if status is not None:
            # A process that died after its line was written whole is included: the line counts.
            _progress(session, status, seconds)
        elif reason is not None:
            reason = reason._replace(stderr=worker.stderr(session))
            self._write(session, reason, started=started, seconds=seconds)
        return event.name != "gone" and not cold

    def _described(self, cell: str) -> dict[str, Any]:
        """The cell's record with the ``software`` that computes it; ``None``: nobody knows."""
        record = self._cells[cell].record
        asked = record["framework"], tuple(record.get("requires") or ())
        if asked not in self._software:
            try:
                self._software[asked] = software(*asked)
            except SessionError:
                self._software[asked] = None
        return {**record, "software": self._software[asked]}

    def _timed_out(self, limit: float) -> Reason:
        if limit >= self._deadline:
            return _too_late()
        text = f"took longer than {self._job.session_seconds:g} s (limits.session_seconds)"
        return Reason("failed", "timeout", text)

    def _death(self, returncode: int, stderr: str, oom_before: int) -> Reason:
        return exit_reason(
            returncode,
            stderr,
            oom_kills=oom_kills() - oom_before,
            limited=self._job.memory_bytes is not None,
        )

    def _give_up(self, sessions: list[Session], reason: Reason) -> list[Session]:
        for session in sessions:
            self._write(session, reason)
        return []

    def _write(
        self,
        session: Session,
        reason: Reason,
        *,
        started: str | None = None,
        seconds: float = 0.0,
    ) -> None:
        cell: Cell = self._cells[session.cell]
        record = observations.without_output(
            self._described(cell.id),
            session.session,
            cell.group.mode,
            reason,
            started or observations.now(),
            seconds,
        )
        observations.append(self._path, record)
        _progress(session, reason.status, seconds)


def _too_late() -> Reason:
    return Reason("failed", "deadline", "the job's deadline passed before this session ended")


def _progress(session: Session, status: str, seconds: float) -> None:
    line = {
        "event": "session",
        "cell": session.cell,
        "session": session.session,
        "status": status,
        "seconds": round(seconds, 3),
    }
    try:
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
    except OSError:
        # The reader of stdout has ended. Only the progress is lost: the observations are files.
        return


def _say(text: str) -> None:
    sys.stderr.write(f"eqc_runner: {text}\n")


def _stop(number: int, _: FrameType | None) -> None:
    # SystemExit passes through WorkerProcess.__exit__, which ends the worker and waits for it.
    raise SystemExit(128 + number)
