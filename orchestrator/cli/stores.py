"""Commands on whole stores, ``merge`` and ``import``, and what others need to show one."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import click

from orchestrator.api import findings
from orchestrator.cli.options import StoreLocation, push_to
from orchestrator.cli.terminal import console
from orchestrator.errors import Exit
from orchestrator.report.formats.text import plain_text
from orchestrator.report.terminal import TableReport
from orchestrator.results.partitions import Summary
from orchestrator.store.innfrastructure.importing import import_study
from orchestrator.store.merge import merge as merge_stores

store_folder = click.argument("store", type=StoreLocation(exists=True), metavar="STORE")


@click.command()
@click.argument(
    "stores", nargs=-1, required=True, type=StoreLocation(exists=True), metavar="STORES..."
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=StoreLocation(),
    help="Where the union goes; may exist already.",
)
@click.pass_context
def merge(context: click.Context, stores: tuple[Path, ...], output: Path) -> None:
    """Unite STORES. A session that two of them hold with other bits is an error naming both."""
    done = merge_stores(stores, output)
    push_to(context, output)
    click.echo(f"{output}: {done.runs} runs, {done.added} observations added")


@click.command(name="import")
@click.argument("kind", type=click.Choice(["innfrastructure"]))
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--into",
    "store",
    type=StoreLocation(),
    default=Path("results"),
    show_default=True,
    help="The store that takes them.",
)
@click.pass_context
def import_(context: click.Context, kind: str, folder: Path, store: Path) -> None:  # noqa: ARG001
    """Import the result files of the NeurIPS 2023 study from FOLDER.

    A damaged or foreign file is named and skipped; the exit code is 4 then.
    """
    taken = import_study(folder, store)
    push_to(context, store)
    for bad in taken.rejected:
        click.echo(f"skipped {bad.path}: {bad.reason}", err=True)
    click.echo(f"{taken.run}: {taken.files} files, {taken.added} observations added")
    context.exit(Exit.INCOMPLETE if taken.rejected else Exit.DONE)


def summary_of(
    store: Path, *, strict: bool = False, cells: Collection[str] | None = None
) -> Summary:
    """Read and analyse a store; with ``cells`` only these, by their ids."""
    return findings(store, strict=strict, cells=cells).summary


def completeness(summary: Summary) -> Exit:
    """The exit code that the observations alone call for."""
    if not any(partition.classes for partition in summary.partitions):
        click.echo("eqc: nothing was observed", err=True)
        return Exit.NOTHING_OBSERVED
    if any(partition.missing for partition in summary.partitions):
        return Exit.INCOMPLETE
    return Exit.DONE


def print_classes(summary: Summary) -> None:
    """The class table on stdout, in the width of the terminal, if there is one."""
    if console().is_terminal:
        console().print(TableReport(summary))
    else:
        click.echo(plain_text(summary))
