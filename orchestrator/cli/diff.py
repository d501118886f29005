"""``eqc diff``: what changed since a baseline, for people, programs and CI."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.analysis.classes.difference import difference, difference_exit
from orchestrator.cli.names import NameOf
from orchestrator.cli.options import StoreLocation
from orchestrator.cli.stores import summary_of
from orchestrator.errors import Exit, UsageError
from orchestrator.report.formats import Written
from orchestrator.report.formats.json_format import json_partitions
from orchestrator.report.registry import FORMATS, format_names
from orchestrator.results.partitions import Partition
from orchestrator.store.baseline import read_baseline, write_baseline
from orchestrator.system.files import write_whole

FORMAT = NameOf(lambda: format_names(Written.DIFFERENCE))


@click.command()
@click.argument("baseline", type=StoreLocation(file_okay=True), metavar="BASELINE")
@click.argument("current", type=StoreLocation(exists=True, file_okay=True), metavar="CURRENT")
@click.option("--format", "kind", type=FORMAT, default="text")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="A file.")
@click.option("--accept", is_flag=True, help="Make CURRENT the baseline, which must be a file.")
@click.pass_context
def diff(
    context: click.Context,
    baseline: Path,
    current: Path,
    kind: str,
    output: Path | None,
    *,
    accept: bool,
) -> None:
    """Compare CURRENT with BASELINE; each is a store or a file of `eqc report --format json`.

    Exit code 3 where they differ, 4 where something that was there is missing. With --accept the
    differences are shown once more, CURRENT becomes the baseline, and the exit code is 0.
    """
    written = FORMATS[kind].difference
    if written is None:
        raise UsageError(f"--format {kind} writes no difference")
    if accept and not baseline.exists():
        before: tuple[Partition, ...] = ()
    else:
        before = _partitions(baseline)
    after = _partitions(current)
    found = difference(before, after)
    text = written(found)
    if output is None:
        click.echo(text)
    else:
        write_whole(output, text.encode())
    if accept:
        write_baseline(baseline, json_partitions(after))
        click.echo(f"{baseline}: is the baseline now", err=True)
        context.exit(Exit.DONE)
    context.exit(difference_exit(found))


def _partitions(path: Path) -> tuple[Partition, ...]:
    return summary_of(path).partitions if path.is_dir() else read_baseline(path)
