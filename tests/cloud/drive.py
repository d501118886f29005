"""A run of a spec's rehearsal at whatever cloud the environment names; a program to be killed.

``eqc rehearse --cloud`` is the same, but plays the cloud in its own process: it would die with it.

    python -m tests.cloud.drive SPEC RESULTS EVENTS
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from orchestrator import pipeline, spec
from orchestrator.cli.progress import progress
from orchestrator.cli.running import ended_by_signals
from orchestrator.model import Isolation
from orchestrator.plan import make_plan
from orchestrator.rehearsal import rehearsed


def main(file: Path, results: Path, events: Path) -> int:
    """0: every session is ok."""
    plan = rehearsed(make_plan(spec.load(file)), rented=True)
    with progress(events, quiet=False) as tell, ended_by_signals() as (stop, abort):
        ran = pipeline.run(
            plan,
            results,
            fresh=False,
            isolation=Isolation.DOCKER,
            at_once=2,
            argv=sys.argv,
            tell=tell,
            stop=stop,
            abort=abort,
            registry=os.environ.get("EQC_REGISTRY"),
        )
    return int(any(count for status, count in ran.sessions.items() if status != "ok"))


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
