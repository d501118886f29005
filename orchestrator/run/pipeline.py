"""The stages wired together: plan → machines and images → jobs → store."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from operator import call
from pathlib import Path
from threading import Event

from orchestrator.fleet.cleanup import Cleanup
from orchestrator.model.events import CleanedUp, EventSink, unfailing
from orchestrator.model.experiment import Isolation, Plan, Status
from orchestrator.run.context import Context, wall_of
from orchestrator.run.local import LocalRun
from orchestrator.run.parallel import side_by_side
from orchestrator.run.remote import RemoteRun
from orchestrator.store.records import Record
from orchestrator.store.run_folder import RunFolder


@dataclass(frozen=True)
class Ran:
    """What one call of ``run`` did."""

    folder: Path
    sessions: dict[str, int]
    """Sessions of this call by status."""
    interrupted: bool
    out_of_time: bool
    over_budget: str | None = None
    """The limit on money that ended the run; ``None``: none was reached."""


def run(
    plan: Plan,
    results: Path,
    *,
    fresh: bool,
    isolation: Isolation,
    at_once: int,
    argv: Sequence[str],
    tell: EventSink,
    stop: Event,
    abort: Event,
    registry: str | None = None,
    compose: tuple[str, ...] | None = None,
    stored: Callable[[RunFolder], None] | None = None,
) -> Ran:
    """Observe every session of ``plan`` that is not in the store, and leave nothing running.

    ``at_once``: jobs on this computer at the same time. ``stored`` is called after every addition
    to the store. Raises ``EnvironmentNotReady`` (disk, engine, another run on the same folder) and
    ``MachinesLeft``; every other failure becomes a record in the store.
    """
    began = time.monotonic()
    tell = unfailing(tell)
    with RunFolder.open(results, plan, fresh=fresh, stored=stored) as folder:
        folder.write_plan(plan, argv)
        wall = wall_of(plan.experiment.limits)
        context = Context(plan, folder, isolation, tell, stop, abort, wall, registry, compose)
        here = LocalRun(context)
        here.clear_leftovers()
        # Created after `clear_leftovers`, which stores what a killed call had observed.
        with RemoteRun(context, here.image_cache) as far:
            far.recover()
            parts: list[Callable[[], list[Record]]] = [lambda: here.run(at_once), far.run]
            # Remote machines take minutes to boot: this computer does its own part meanwhile.
            both = side_by_side(parts, call, at_once=2, stop=stop)
            records = [record for part in both for record in part]
            cleanup = far.cleanup()  # first: these machines cost money
            here.cleanup()
        folder.drop_work()
        tell(_cleaned_up(cleanup))
        sessions = {s.value: sum(r.status == s for r in records) for s in Status}
        folder.finish(
            {
                "seconds": round(time.monotonic() - began, 1),
                "sessions": {**sessions},
                "interrupted": stop.is_set(),
                "machines_left": 0,
                "cost": None if cleanup is None else asdict(cleanup),
            }
        )
        return Ran(folder.path, sessions, stop.is_set(), context.out_of_time(), far.over_budget)


def _cleaned_up(cleanup: Cleanup | None) -> CleanedUp:
    if cleanup is None:
        return CleanedUp()
    return CleanedUp(
        cleanup.left,
        cleanup.cost_estimated,
        cleanup.cost_actual,
        cleanup.unpriced,
        cleanup.untidy,
    )
