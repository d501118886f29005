"""``eqc report``: shows a store's results, as a whole report or as the table of one analysis."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.analysis.findings import Findings
from orchestrator.analysis.observations.labels import Choice
from orchestrator.analysis.tables.registry import TABLES
from orchestrator.api import findings
from orchestrator.cli.commands.choices import ALL
from orchestrator.cli.output import page_text, write_figures
from orchestrator.cli.stores import completeness, print_classes
from orchestrator.cli.terminal import console
from orchestrator.errors import Exit, UsageError
from orchestrator.report.formats.terminal import AnalysisReport
from orchestrator.report.registry import FORMATS, SUFFIXES, TABLE_FORMATS
from orchestrator.system.files import write_whole


@click.pass_context
def report(
    context: click.Context,
    store: Path,
    kind: str,
    show: str | None,
    workload: str | None,
    given: str | None,
    variant: str | None,
    platforms: tuple[str, ...],
    output: Path | None,
    figures: Path | None,
    figure_format: str,
    *,
    strict: bool,
) -> None:
    """Carry out ``eqc report``."""
    _check(kind, show, output)
    choice = Choice(workload, given, variant, platforms)
    found = findings(store, choice, strict=strict)
    if figures is not None:
        to_program = output is None and kind != "table"
        write_figures(found, figures, figure_format, quiet=to_program)
    if show == ALL:
        context.exit(_write_all(found, kind, output))
    elif show is not None:
        context.exit(_show(found, show, kind, output))
    summary = found.summary
    if output is not None:
        write_whole(output, _text(found, kind).encode())
    elif kind == "table":
        print_classes(summary)
    else:
        click.echo(_text(found, kind))
    context.exit(completeness(summary))


def _text(found: Findings, kind: str) -> str:
    return page_text(found) if kind == "html" else FORMATS[kind](found.summary)


def _check(kind: str, show: str | None, output: Path | None) -> None:
    if show is not None and kind not in TABLE_FORMATS:
        raise UsageError(
            f"--show {show} has no --format {kind}; it has {', '.join(sorted(TABLE_FORMATS))}"
        )
    if show == ALL and output is None:
        raise UsageError("--show all writes one file per analysis: say where with -o FOLDER")
    if output is None:
        return
    if show == ALL and output.exists() and not output.is_dir():
        raise UsageError(f"{output}: is a file; --show all needs a folder")
    if show != ALL and output.is_dir():
        raise UsageError(f"{output}: is a folder; -o needs a file here")


def _show(found: Findings, name: str, kind: str, output: Path | None) -> Exit:
    table = TABLES[name](found)
    if output is not None:
        write_whole(output, TABLE_FORMATS[kind](table).encode())
    elif kind == "table" and console().is_terminal:
        console().print(AnalysisReport(table))
    else:
        click.echo(TABLE_FORMATS[kind](table), nl=False)
    return completeness(found.summary)


def _write_all(found: Findings, kind: str, output: Path | None) -> Exit:
    folder = output or Path()
    for name, make in TABLES.items():
        path = folder / f"{name}{SUFFIXES[kind]}"
        table = make(found)
        write_whole(path, TABLE_FORMATS[kind](table).encode())
        click.echo(f"{path}: {len(table.rows)} rows")
    return completeness(found.summary)
