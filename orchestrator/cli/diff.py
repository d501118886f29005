"""``eqc diff``: what changed since a baseline and how far, for people, programs and CI."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator import api
from orchestrator.analysis.classes.difference import difference, difference_exit
from orchestrator.analysis.layers.moved import with_partings
from orchestrator.cli.stores import axes_of
from orchestrator.errors import Exit, UsageError
from orchestrator.report.formats.json_format import json_partitions
from orchestrator.report.registry import FORMATS
from orchestrator.results.comparison import BY_PLATFORM
from orchestrator.results.tolerance import parse_tolerance
from orchestrator.store.baseline import write_baseline
from orchestrator.system.files import write_whole


@click.pass_context
def diff(
    context: click.Context,
    baseline: Path,
    current: Path,
    kind: str,
    output: Path | None,
    tolerances: tuple[str, ...],
    ignore: tuple[str, ...],
    compare: str | None,
    *,
    accept: bool,
) -> None:
    """Carry out ``eqc diff``."""
    written = FORMATS[kind].difference
    if written is None:
        raise UsageError(f"--format {kind} writes no difference")
    axes = axes_of(compare)
    parsed = tuple(parse_tolerance(text) for text in tolerances)
    before = api.Side() if accept and not baseline.exists() else api.side(baseline, axes)
    after = api.side(current, axes)
    found = difference(
        before.partitions,
        after.partitions,
        tensors=api.tensors_of(before, after),
        tolerances=parsed,
        ignore=tuple(dict.fromkeys(ignore)),
        compare=after.compare or BY_PLATFORM if accept else api.axes_of_both(before, after),
    )
    found = with_partings(found, before.records, after.records)
    text = written(found)
    if output is None:
        click.echo(text)
    else:
        write_whole(output, text.encode())
    if accept:
        write_baseline(
            baseline, json_partitions(after.partitions, after.compare or BY_PLATFORM, after.members)
        )
        click.echo(f"{baseline}: is the baseline now", err=True)
        context.exit(Exit.DONE)
    context.exit(difference_exit(found))
