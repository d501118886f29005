"""``eqc diff``: what changed since a baseline, for people, programs and CI."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.analysis.classes.difference import difference, difference_exit
from orchestrator.cli.stores import axes_of, summary_of
from orchestrator.errors import Exit, UsageError
from orchestrator.report.formats.json_format import json_partitions
from orchestrator.report.registry import FORMATS
from orchestrator.results.partitions import Partition
from orchestrator.store.baseline import read_baseline, write_baseline
from orchestrator.system.files import write_whole


@click.pass_context
def diff(
    context: click.Context,
    baseline: Path,
    current: Path,
    kind: str,
    output: Path | None,
    compare: str | None,
    *,
    accept: bool,
) -> None:
    """Carry out ``eqc diff``."""
    written = FORMATS[kind].difference
    if written is None:
        raise UsageError(f"--format {kind} writes no difference")
    if accept and not baseline.exists():
        before: tuple[Partition, ...] = ()
    else:
        before = _partitions(baseline, compare)
    after = _partitions(current, compare)
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


def _partitions(path: Path, compare: str | None) -> tuple[Partition, ...]:
    if not path.is_dir():
        return read_baseline(path)
    return summary_of(path, compare=axes_of(compare)).partitions
