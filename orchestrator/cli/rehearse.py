"""``eqc rehearse``: a whole sweep on this computer, with containers in place of rented machines."""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from pathlib import Path

import click

from orchestrator import experiment
from orchestrator.cli.experiment import check_versions, stored_sessions
from orchestrator.cli.mirrors import shared
from orchestrator.cli.progress import progress
from orchestrator.cli.run import ended_by_signals, shown
from orchestrator.errors import EnvironmentNotReady
from orchestrator.executors.compose import compose_command
from orchestrator.model.experiment import Isolation, Plan
from orchestrator.plan.cells import make_plan
from orchestrator.providers.registry import providers
from orchestrator.run import pipeline
from orchestrator.run.rehearsal import notes, rehearsed


@click.pass_context
def rehearse(
    context: click.Context,
    file: Path,
    results: Path,
    *,
    registry: str | None,
    cloud: bool,
    fresh: bool,
    jobs: int | None,
    events: Path | None,
    quiet: bool,
) -> None:
    """Carry out ``eqc rehearse``."""
    plan = rehearsed(make_plan(experiment.load(file, providers())), rented=cloud)
    check_versions(file, plan, {} if fresh else stored_sessions(plan, results))
    for note in notes(plan):
        click.echo(f"eqc: {note}", err=True)
    with (
        _clouds(plan) if cloud else nullcontext(plan) as played,
        progress(events, quiet=quiet) as tell,
        ended_by_signals() as (stop, abort),
        shared(context, results, tell) as sharing,
    ):
        ran = pipeline.run(
            played,
            results,
            fresh=fresh,
            isolation=Isolation.DOCKER,
            at_once=jobs or os.cpu_count() or 1,
            argv=sys.argv,
            tell=tell,
            stop=stop,
            abort=abort,
            registry=registry,
            compose=None if cloud else compose_command(),
            stored=sharing.stored,
        )
    code = shown(ran, plan, sharing)
    if not cloud:
        click.echo(f"compose: {ran.folder / 'compose.yaml'}")
    context.exit(code)


def _clouds(plan: Plan) -> AbstractContextManager[Plan]:
    """Fake clouds while the context is open, whose machines are containers; gives the plan on them.

    Raises ``EnvironmentNotReady`` where a dependency of the fakes is not installed.
    """
    try:
        clouds = import_module("orchestrator.fakes.clouds")
    except ImportError as error:
        raise EnvironmentNotReady(
            f"the fake clouds need {error.name}: pip install 'eqc-orchestrator[rehearsal]'"
        ) from error
    played: AbstractContextManager[Plan] = clouds.played(plan)
    return played
