"""``eqc run``: compute the cells that the store does not have, then show the classes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import click

from orchestrator import experiment
from orchestrator.analysis.bounds import PAGE
from orchestrator.api import findings
from orchestrator.cli.experiment import check_versions, stored_sessions
from orchestrator.cli.mirrors import shared
from orchestrator.cli.output import write_page
from orchestrator.cli.progress import progress
from orchestrator.cli.stores import completeness, print_classes, warn_of_nothing
from orchestrator.errors import EqcError, Exit, OverLimit
from orchestrator.model.experiment import Isolation, Plan
from orchestrator.plan.cells import make_plan, over_limit
from orchestrator.providers.registry import providers
from orchestrator.results.partitions import Summary
from orchestrator.run import pipeline
from orchestrator.store.bucket.push import Sharing, Unshared


@click.pass_context
def run(
    context: click.Context,
    file: Path,
    results: Path,
    *,
    fresh: bool,
    isolation: str | None,
    jobs: int | None,
    registry: str | None,
    events: Path | None,
    quiet: bool,
    strict: bool,
    allow_missing: bool,
) -> None:
    """Carry out ``eqc run``."""
    plan = make_plan(experiment.load(file, providers()))
    done = stored_sessions(plan, results)
    over = over_limit(plan, {} if fresh else done)
    if over is not None:
        raise OverLimit(over)
    check_versions(file, plan, {} if fresh else done)
    limits = plan.experiment.limits
    at_once = min(jobs or os.cpu_count() or 1, limits.machines or sys.maxsize)
    with (
        progress(events, quiet=quiet) as tell,
        ended_by_signals() as (stop, abort),
        shared(context, results, tell) as sharing,
    ):
        ran = pipeline.run(
            plan,
            results,
            fresh=fresh,
            isolation=Isolation(isolation) if isolation else plan.experiment.isolation,
            at_once=at_once,
            argv=sys.argv,
            tell=tell,
            stop=stop,
            abort=abort,
            registry=registry,
            stored=sharing.stored,
        )
    code = shown(ran, plan, sharing, strict=strict)
    context.exit(Exit.DONE if allow_missing and code is Exit.INCOMPLETE else code)


def shown(
    ran: pipeline.Ran, plan: Plan, sharing: Sharing | Unshared, *, strict: bool = False
) -> Exit:
    """Print the classes of the plan's cells and where the results are; returns the exit code.

    ``strict``: what is not available is missing, too.
    """
    # The run's folder may hold cells of an earlier version of the file: leave them out.
    found = findings(ran.folder, cells={cell.id for cell in plan.cells}, bounds=PAGE)
    print_classes(found.reported)
    page = write_page(ran.folder, found)
    click.echo(f"\nresults: {ran.folder}\npage:    {page}")
    if sharing.url is not None:
        click.echo(f"shared:  {sharing.url}")
    return exit_code(ran, found.summary, sharing.problem, strict=strict)


def exit_code(
    ran: pipeline.Ran,
    summary: Summary,
    not_shared: EqcError | None = None,
    *,
    strict: bool = False,
) -> Exit:
    """The exit code of a run; ``not_shared`` is the error of a failed push to a bucket."""
    if ran.interrupted:
        return Exit.INTERRUPTED
    if ran.out_of_time:
        click.echo("eqc: over the limit of hours; run again to go on", err=True)
        return Exit.OVER_LIMIT
    if ran.over_budget is not None:
        click.echo(f"eqc: {ran.over_budget}; raise the limit and run again to go on", err=True)
        return Exit.OVER_LIMIT
    warn_of_nothing(summary)
    return completeness(summary, strict=strict) if not_shared is None else not_shared.exit_code


@contextmanager
def ended_by_signals() -> Iterator[tuple[Event, Event]]:
    """(stop, abort): the events that the first and the second Ctrl-C or SIGTERM set.

    ``stop``: end in order; ``abort``: do not wait for results any more. Machines are ended in both
    cases, and those whose end could not be confirmed are reported.
    """
    stop, abort = Event(), Event()

    def ask(number: int, _: object) -> None:
        name = signal.Signals(number).name
        if stop.is_set():
            click.echo(f"eqc: {name} again: not waiting for results any more", err=True)
            abort.set()
        else:
            click.echo(f"eqc: {name}: ending what runs; run again to go on", err=True)
            stop.set()

    earlier = {n: signal.signal(n, ask) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop, abort
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
