"""The stages wired together: plan → machines and images → jobs → store."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from orchestrator.campaign import Campaign, Tell
from orchestrator.fleet.schedule import side_by_side
from orchestrator.model import Isolation, Plan, Status
from orchestrator.store.run import RunFolder


@dataclass(frozen=True)
class Ran:
    """What one call of ``run`` did."""

    folder: Path
    sessions: dict[str, int]
    """Sessions of this call by status."""
    interrupted: bool
    out_of_time: bool


def run(
    plan: Plan,
    results: Path,
    *,
    fresh: bool,
    isolation: Isolation,
    at_once: int,
    argv: Sequence[str],
    tell: Tell,
    stop: Event,
) -> Ran:
    """Observe every session of ``plan`` that the store has not, and leave nothing running.

    Raises ``EnvironmentNotReady`` (disk, engine, another run on the same folder) and
    ``MachinesLeft``; every other trouble is a row of the store.
    """
    began = time.monotonic()
    with RunFolder.open(results, plan, fresh=fresh) as folder:
        folder.write_plan(plan, argv)
        campaign = Campaign(plan, folder, isolation, tell, stop)
        campaign.clear_leftovers()
        campaign.prepare()
        records = campaign.skip_what_cannot_be()
        for ended in side_by_side(campaign.jobs(), campaign.run_job, at_once=at_once, stop=stop):
            records += ended
        campaign.sweep()
        sessions = {s.value: sum(r["status"] == s for r in records) for s in Status}
        folder.finish(
            {
                "seconds": round(time.monotonic() - began, 1),
                "sessions": sessions,
                "interrupted": stop.is_set(),
                "machines_left": 0,
            }
        )
        return Ran(folder.path, sessions, stop.is_set(), campaign.out_of_time())
