"""One job from its folder to its rows, wherever its runner is: the same here and far away."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Event

from orchestrator.run.context import Context, Missing
from orchestrator.errors import EqcError
from orchestrator.run.job import Job, write_job
from orchestrator.images import Image
from orchestrator.run.job_events import Hearing, silence_of
from orchestrator.model.experiment import Reason, Status
from orchestrator.executors.base import JobShell
from orchestrator.store.ingest import Origin, not_observed, take_in
from orchestrator.store.records import Record


def observe(
    context: Context,
    job: Job,
    image: Image | None,
    shell: JobShell,
    deadline: float,
    stop: Event,
    excused: Mapping[type[EqcError], str] | None = None,
) -> list[Record]:
    """Run ``job`` and store what it observed; returns its records.

    ``deadline``: Unix seconds by the runner's own clock. ``excused``: errors of the shell that
    become rows, with their code there; after any other one, what came home of it is stored all
    the same, whole or left out, and the sessions it does not speak of stay open.
    """
    codes = excused or {}
    context.tell({"event": "started", "job": job.title})
    work = context.folder.work(job.name)
    origin = Origin.of(job.machine, None if image is None else (image.reference, image.digest))
    origin.write(work)
    write_job(job, work / "job", context.limits, deadline)
    (work / "out").mkdir(exist_ok=True)
    silence: Reason | None = None
    try:
        ended = shell.run(
            work / "job",
            work / "out",
            on_line=Hearing(context.tell, job.title, job.sessions),
            stop=stop,
        )
        silence = None if ended.interrupted else silence_of(ended)
    except tuple(codes) as error:
        silence = Reason(next(codes[kind] for kind in codes if isinstance(error, kind)), str(error))
    finally:
        asked = {cell.id: (cell, sessions) for cell, sessions in job.cells}
        records = take_in(context.folder, work / "out", asked, origin, silence)
        context.folder.drop_work(work)
    bad = sum(record["status"] != "ok" for record in records)
    context.tell({"event": "ended", "job": job.title, "sessions": len(records), "not_ok": bad})
    return records


def leave_out(context: Context, missing: Missing, status: Status, reason: Reason) -> list[Record]:
    """Store why ``missing`` was not computed, and say so once for each platform and framework."""
    records: list[Record] = []
    told = set()
    for cell, sessions in missing:
        records += not_observed(context.folder, cell, sessions, status.value, reason)
        told.add((cell.platform.name, cell.variant.framework))
    for platform, framework in sorted(told):
        context.tell(
            {
                "event": "skipped",
                "platform": platform,
                "framework": framework,
                "reason": reason.message,
            }
        )
    return records
