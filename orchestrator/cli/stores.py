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
from orchestrator.system.counted import counted


@click.pass_context
def merge(context: click.Context, stores: tuple[Path, ...], output: Path) -> None:
    """Carry out ``eqc merge``."""
    done = merge_stores(stores, output)
    push_to(context, output)
    click.echo(f"{output}: {counted(done.runs, 'run')}, {counted(done.added, 'row')} added")


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
            click.echo(f"skipped {counted(files, 'file')}: {reason}", err=True)
    click.echo(f"{taken.run}: {counted(taken.files, 'file')}, {counted(taken.added, 'row')} added")
    context.exit(Exit.INCOMPLETE if taken.rejected else Exit.DONE)


def axes_of(compare: str | None) -> tuple[str, ...] | None:
    """The words of ``--compare``; ``None``: what the experiment says."""
    if compare is None:
        return None
    return tuple(word for part in compare.split(",") if (word := part.strip()))


def completeness(summary: Summary, *, strict: bool = False) -> Exit:
    """By the observations: all there, some missing, or none at all.

    ``strict``: what is known not to be available is missing, too.
    """
    if not any(partition.classes for partition in summary.partitions):
        return Exit.NOTHING_OBSERVED
    lacking = (
        incomplete(partition) or (strict and partition.not_available)
        for partition in summary.partitions
    )
    return Exit.INCOMPLETE if any(lacking) else Exit.DONE


def checked(summary: Summary) -> Exit:
    """As ``completeness``; where all are there, whether all agree: ``DIFFERENT``, else ``DONE``.

    A member whose own sessions disagree does not agree.
    """
    found = completeness(summary, strict=summary.strict)
    if found is not Exit.DONE:
        return found
    parted = (len(p.classes) > 1 or p.nondeterministic for p in summary.partitions)
    return Exit.DIFFERENT if any(parted) else Exit.DONE


def warn_of_nothing(summary: Summary) -> None:
    """Say on stderr where no output was observed."""
    if completeness(summary) is Exit.NOTHING_OBSERVED:
        click.echo("eqc: nothing was observed", err=True)


def print_classes(summary: Summary) -> None:
    """Print the class table on stdout, in the width of the terminal if stdout is one."""
    if console().is_terminal:
        console().print(TableReport(summary))
    else:
        click.echo(plain_text(summary))
