"""The stages wired together: plan → machines and images → jobs → store."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from operator import call
from pathlib import Path
from threading import Event

from orchestrator.fleet.cleanup import Cleanup
from orchestrator.model.events import CleanedUp, EventSink
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
    """Which limit of money ended it."""


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
    """Observe every session of ``plan`` that the store has not, and leave nothing running.

    Raises ``EnvironmentNotReady`` (disk, engine, another run on the same folder) and
    ``MachinesLeft``; every other trouble is a row of the store. ``stored`` hears of every addition.
    """
    began = time.monotonic()
    with RunFolder.open(results, plan, fresh=fresh, stored=stored) as folder:
        folder.write_plan(plan, argv)
        wall = wall_of(plan.experiment.limits)
        context = Context(plan, folder, isolation, tell, stop, abort, wall, registry, compose)
        here = LocalRun(context)
        here.clear_leftovers()
        # Made now: what a killed call had observed is no longer missing.
        with RemoteRun(context, here.image_cache) as far:
            far.recover()
            halves: list[Callable[[], list[Record]]] = [lambda: here.run(at_once), far.run]
            # Far machines take minutes to come up: meanwhile this computer does its own share.
            both = side_by_side(halves, call, at_once=2, stop=stop)
            records = [record for half in both for record in half]
            swept = far.cleanup()  # what costs money first
            here.cleanup()
        folder.drop_work()
        tell(_cleaned_up(swept))
        sessions = {s.value: sum(r.status == s for r in records) for s in Status}
        folder.finish(
            {
                "seconds": round(time.monotonic() - began, 1),
                "sessions": {**sessions},
                "interrupted": stop.is_set(),
                "machines_left": 0,
                "cost": None if swept is None else asdict(swept),
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
