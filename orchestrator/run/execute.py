"""One job: write its folder, run the runner, store its records; here and on remote machines."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from threading import Event

from orchestrator.errors import EqcError
from orchestrator.executors.base import Executor, RunnerExit
from orchestrator.executors.presentation import PresentationFiles
from orchestrator.images import Image
from orchestrator.model.events import (
    EventSink,
    JobEnded,
    JobStarted,
    Note,
    SessionEnded,
    Skipped,
)
from orchestrator.model.experiment import Pending, Reason, Status
from orchestrator.plan.availability import not_available
from orchestrator.run.context import Context
from orchestrator.run.job import IN_IMAGE, Job, presented_in, write_job
from orchestrator.run.verify_hardware import not_presented
from orchestrator.store.ingest import Origin, Verify, ingest, not_observed
from orchestrator.store.records import Record
from orchestrator.system.untrusted_json import parse_json


def execute(
    context: Context,
    job: Job,
    image: Image | None,
    executor: Executor,
    deadline: float,
    stop: Event,
    job_errors: Mapping[type[EqcError], str] | None = None,
    files: PresentationFiles = IN_IMAGE,
) -> list[Record]:
    """Run ``job`` and store what it observed; returns its records.

    ``deadline``: Unix seconds by the runner's own clock. ``job_errors``: errors of the executor
    that become rows, with the code of their reason. After any other error the sessions that were
    received are stored, the others stay pending, and the error is raised. ``files``: see
    ``write_job``.
    """
    codes = job_errors or {}
    context.tell(JobStarted(job.title))
    work = context.folder.work(job.name)
    origin = Origin.of(job.machine, None if image is None else (image.reference, image.digest))
    origin.write(work)
    write_job(job, work / "job", context.limits, deadline, files)
    (work / "out").mkdir(exist_ok=True)
    missing_reason: Reason | None = None
    try:
        ended = executor.run(
            work / "job",
            work / "out",
            on_line=ProgressFilter(context.tell, job.title, job.sessions),
            stop=stop,
        )
        missing_reason = None if ended.interrupted else reason_for_missing(ended)
    except tuple(codes) as error:
        missing_reason = Reason(
            next(codes[kind] for kind in codes if isinstance(error, kind)), str(error)
        )
    finally:
        asked = {cell.id: (cell, sessions) for cell, sessions in job.cells}
        records = ingest(
            context.folder, work / "out", asked, origin, missing_reason, verify_presented(work)
        )
        context.folder.drop_work(work)
    bad = sum(record.status != Status.OK for record in records)
    context.tell(JobEnded(job.title, len(records), bad))
    return records


def verify_presented(work: Path) -> Verify | None:
    """Compares what the machine of a job in ``work`` says with the CPU that was to be presented;
    ``None``: it was to be seen as it is."""
    wanted = presented_in(work / "job")
    return None if wanted is None else partial(not_presented, wanted)


def record_skipped(
    context: Context, pending: Pending, status: Status, reason: Reason
) -> list[Record]:
    """Store why ``pending`` was not computed; say so once for each platform and installation."""
    records: list[Record] = []
    skipped = set()
    for cell, sessions in pending:
        records += not_observed(context.folder, cell, sessions, status, reason)
        skipped.add((cell.platform.name, cell.variant.installation.title))
    for platform, framework in sorted(skipped):
        context.tell(Skipped(platform, framework, reason.message))
    return records


def record_not_available(context: Context) -> list[Record]:
    """Store which cells of the plan are known not to be had, and say so.

    What the store has already is neither stored nor said again. Returns the new records.
    """
    known = {(r.cell, r.session, r.reason) for r in context.folder.records() if r.reason}
    done = context.folder.sessions_done()
    records: list[Record] = []
    said = set()
    for cell in context.plan.cells:
        reason = not_available(cell)
        if reason is None:
            continue
        wanted = [n for n in range(cell.observe.sessions) if (cell.id, n) not in done]
        new = tuple(n for n in wanted if (cell.id, n, reason) not in known)
        if new:
            records += not_observed(context.folder, cell, new, Status.NOT_AVAILABLE, reason)
            said.add((cell.platform.name, cell.variant.installation.title, reason.message))
    for platform, framework, why in sorted(said):
        context.note(f"not available {platform} {framework}: {why}")
    return records


NOTES = 200
"""Other lines of one job that become events, at most."""
LONGEST_NOTE = 500
_FIELDS = ("cell", "session", "status", "seconds")


class ProgressFilter:
    """Turns a runner's output into events: at most one per session asked for, and ``NOTES`` notes.

    Called by one thread, line by line.
    """

    def __init__(self, tell: EventSink, job: str, sessions: int) -> None:
        self._tell = tell
        self._job = job
        self._left: dict[type[Note | SessionEnded], int] = {SessionEnded: sessions, Note: NOTES}

    def __call__(self, line: str) -> None:
        """Send the event of one line, unless the limit of its kind is reached."""
        event = event_of(line, self._job)
        self._left[type(event)] -= 1
        left = self._left[type(event)]
        if left == -1:
            event = Note("it says more than a runner does: not passed on", self._job)
        if left >= -1:
            self._tell(event)


def event_of(line: str, job: str) -> Note | SessionEnded:
    """The event of a progress line; any other line becomes a note."""
    try:
        said = parse_json(line)
    except ValueError:
        said = None
    if isinstance(said, dict) and said.get("event") == "session":
        values = [said.get(name) for name in _FIELDS]
        if all(value is None or isinstance(value, str | int | float) for value in values):
            return SessionEnded(job, *values)
    return Note(line[:LONGEST_NOTE], job)


def reason_for_missing(ended: RunnerExit) -> Reason:
    """The reason of sessions that are missing in the output of a runner that ended like this."""
    if ended.code == 0:
        return Reason("not-reported", "the runner ended well but did not report this session")
    how = f"signal {-ended.code}" if ended.code < 0 else f"exit code {ended.code}"
    return Reason("runner-died", f"the runner ended early ({how})", ended.stderr)
