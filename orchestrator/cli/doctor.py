"""``eqc doctor``: reports what a run would lack, before any machine is rented."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click
from rich.table import Table

from orchestrator import experiment
from orchestrator.cli.terminal import console
from orchestrator.errors import Exit
from orchestrator.model.machine import Finding, Level
from orchestrator.providers.registry import providers
from orchestrator.report.escape import plain
from orchestrator.run.doctor import examine

_MARKS = {Level.OK: "ok", Level.WARNING: "warning", Level.ERROR: "ERROR"}


@click.pass_context
def doctor(
    context: click.Context,
    file: Path | None,
    results: Path,
    registry: str | None,
    *,
    as_json: bool,
) -> None:
    """Carry out ``eqc doctor``."""
    platforms = experiment.load(file, providers()).platforms if file else ()
    findings = tuple(examine(platforms, results, registry))
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        console().print(_table(findings))
    bad = any(finding.level is Level.ERROR for finding in findings)
    context.exit(Exit.NOT_READY if bad else Exit.DONE)


def _table(findings: tuple[Finding, ...]) -> Table:
    table = Table(box=None, pad_edge=False)
    for head in ("", "what", "found"):
        table.add_column(head)
    for finding in findings:
        table.add_row(_MARKS[finding.level], plain(finding.subject), plain(finding.message))
    return table
