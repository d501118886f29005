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

from orchestrator import pipeline, spec
from orchestrator.cli.experiment import experiment_file, results_folder
from orchestrator.cli.progress import progress
from orchestrator.cli.results import completeness, print_classes, summary_of, write_page
from orchestrator.errors import Exit
from orchestrator.model import Isolation
from orchestrator.plan import make_plan
from orchestrator.results_model import Summary


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
    events: Path | None,
    quiet: bool,
) -> None:
    """Observe every cell of an experiment that the store has not, then show the classes.

    Stop it at any time, even with kill -9: the same command goes on where it was.
    """
    plan = make_plan(spec.load(file))
    limits = plan.experiment.limits
    at_once = min(jobs or os.cpu_count() or 1, limits.machines or sys.maxsize)
    with progress(events, quiet=quiet) as tell, _ended_by_signals() as stop:
        ran = pipeline.run(
            plan,
            results,
            fresh=fresh,
            isolation=Isolation(isolation) if isolation else plan.experiment.isolation,
            at_once=at_once,
            argv=sys.argv,
            tell=tell,
            stop=stop,
        )
    # The run may hold cells of an earlier version of the file: they are stored, not asked for.
    summary = summary_of(ran.folder, cells={cell.id for cell in plan.cells})
    print_classes(summary)
    page = write_page(ran.folder, summary)
    click.echo(f"\nresults: {ran.folder}\npage:    {page}")
    context.exit(_exit_code(ran, summary))


def _exit_code(ran: pipeline.Ran, summary: Summary) -> Exit:
    if ran.interrupted:
        return Exit.INTERRUPTED
    if ran.out_of_time:
        click.echo("eqc: over the limit of hours; run again to go on", err=True)
        return Exit.OVER_LIMIT
    return completeness(summary)


@contextmanager
def _ended_by_signals() -> Iterator[Event]:
    """An event that the first Ctrl-C or SIGTERM sets, so that everything is ended in order."""
    stop = Event()

    def ask(number: int, _: object) -> None:
        if not stop.is_set():
            name = signal.Signals(number).name
            click.echo(f"eqc: {name}: ending what runs; run again to go on", err=True)
        stop.set()

    earlier = {n: signal.signal(n, ask) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
