"""``eqc run``: compute what the store has not, then report."""

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
from orchestrator.analysis.findings import PAGE
from orchestrator.api import findings
from orchestrator.cli.experiment import experiment_file, results_folder, stored_sessions
from orchestrator.cli.options import shared
from orchestrator.cli.output import write_page
from orchestrator.cli.progress import progress
from orchestrator.cli.stores import completeness, print_classes
from orchestrator.errors import EqcError, Exit, OverLimit
from orchestrator.model.experiment import Isolation, Plan
from orchestrator.plan.cells import make_plan, over_limit
from orchestrator.results.partitions import Summary
from orchestrator.run import pipeline
from orchestrator.store.bucket.push import Sharing, Unshared


@click.command()
@experiment_file
@results_folder
@click.option("--fresh", is_flag=True, help="Start a new run instead of resuming the newest.")
@click.option(
    "--isolation",
    type=click.Choice([i.value for i in Isolation]),
    help="Override the file's: containers, processes, or containers where an engine answers.",
)
@click.option("--jobs", type=click.IntRange(1), help="Jobs at once. [default: the CPUs here]")
@click.option(
    "--registry",
    envvar="EQC_REGISTRY",
    metavar="HOST/PATH",
    help="Images travel to far machines through this registry. [default: by SSH]",
)
@click.option("--events", type=click.Path(path_type=Path), help="Append JSON lines to this file.")
@click.option("--quiet", is_flag=True, help="No progress.")
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
) -> None:
    """Observe every cell of an experiment that the store has not, then show the classes.

    Stop it at any time, even with kill -9: the same command goes on where it was.
    """
    plan = make_plan(experiment.load(file))
    over = over_limit(plan, {} if fresh else stored_sessions(plan, results))
    if over is not None:
        raise OverLimit(over)
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
    context.exit(shown(ran, plan, sharing))


def shown(ran: pipeline.Ran, plan: Plan, sharing: Sharing | Unshared) -> Exit:
    """Show the classes of what ``plan`` asked for and where all of it is; what to exit with."""
    # The run may hold cells of an earlier version of the file: they are stored, not asked for.
    found = findings(ran.folder, cells={cell.id for cell in plan.cells}, bounds=PAGE)
    print_classes(found.summary)
    page = write_page(ran.folder, found)
    click.echo(f"\nresults: {ran.folder}\npage:    {page}")
    if sharing.url is not None:
        click.echo(f"shared:  {sharing.url}")
    return exit_code(ran, found.summary, sharing.problem)


def exit_code(ran: pipeline.Ran, summary: Summary, not_shared: EqcError | None = None) -> Exit:
    """What a run ends with, whose results could perhaps not be shared."""
    if ran.interrupted:
        return Exit.INTERRUPTED
    if ran.out_of_time:
        click.echo("eqc: over the limit of hours; run again to go on", err=True)
        return Exit.OVER_LIMIT
    if ran.over_budget is not None:
        click.echo(f"eqc: {ran.over_budget}; raise the limit and run again to go on", err=True)
        return Exit.OVER_LIMIT
    return completeness(summary) if not_shared is None else not_shared.exit_code


@contextmanager
def ended_by_signals() -> Iterator[tuple[Event, Event]]:
    """What the first Ctrl-C or SIGTERM sets (end in order) and what the second (wait for nothing).

    Machines are ended in both cases; what could not be confirmed is said.
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
