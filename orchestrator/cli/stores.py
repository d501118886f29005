"""The commands ``merge`` and ``import``, and how ``run``, ``report`` and ``diff`` show a store."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from orchestrator.cli.mirrors import push_to
from orchestrator.cli.terminal import console
from orchestrator.errors import Exit
from orchestrator.report.formats.text import plain_text
from orchestrator.report.terminal import TableReport
from orchestrator.results.partitions import Summary, incomplete
from orchestrator.store.innfrastructure.importing import import_study
from orchestrator.store.merge import merge as merge_stores


@click.pass_context
def merge(context: click.Context, stores: tuple[Path, ...], output: Path) -> None:
    """Carry out ``eqc merge``."""
    done = merge_stores(stores, output)
    push_to(context, output)
    click.echo(f"{output}: {done.runs} runs, {done.added} observations added")


@click.pass_context
def import_(context: click.Context, kind: str, folder: Path, store: Path) -> None:  # noqa: ARG001
    """Carry out ``eqc import``."""
    taken = import_study(folder, store)
    push_to(context, store)
    for bad in taken.rejected:
        click.echo(f"skipped {bad.path}: {bad.reason}", err=True)
    kinds = Counter(bad.reason for bad in taken.rejected)
    if len(taken.rejected) > len(kinds):
        for reason, files in kinds.most_common():
            click.echo(f"skipped {files} files: {reason}", err=True)
    click.echo(f"{taken.run}: {taken.files} files, {taken.added} observations added")
    context.exit(Exit.INCOMPLETE if taken.rejected else Exit.DONE)


def axes_of(compare: str | None) -> tuple[str, ...] | None:
    """The words of ``--compare``; ``None``: what the experiment says."""
    if compare is None:
        return None
    return tuple(word for part in compare.split(",") if (word := part.strip()))


def completeness(summary: Summary) -> Exit:
    """The exit code by the observations: all there, some missing, or none at all."""
    if not any(partition.classes for partition in summary.partitions):
        click.echo("eqc: nothing was observed", err=True)
        return Exit.NOTHING_OBSERVED
    if any(incomplete(partition) for partition in summary.partitions):
        return Exit.INCOMPLETE
    return Exit.DONE


def print_classes(summary: Summary) -> None:
    """Print the class table on stdout, in the width of the terminal if stdout is one."""
    if console().is_terminal:
        console().print(TableReport(summary))
    else:
        click.echo(plain_text(summary))
