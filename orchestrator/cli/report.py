"""``eqc report``: what a store says, as a whole or analysis by analysis."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.analysis.details import details
from orchestrator.analysis.findings import PAGE, UNBOUNDED, Findings
from orchestrator.analysis.observations.labels import Choice
from orchestrator.analysis.tables.registry import TABLES
from orchestrator.api import findings
from orchestrator.cli.options import choice_options
from orchestrator.cli.output import FIGURE_FORMATS, write_figures
from orchestrator.cli.stores import completeness, print_classes, store_folder
from orchestrator.cli.terminal import console
from orchestrator.errors import Exit, UsageError
from orchestrator.report.formats.terminal import AnalysisReport
from orchestrator.report.html.page import html_text
from orchestrator.report.registry import FORMATS, SUFFIXES, TABLE_FORMATS
from orchestrator.system.files import write_whole

ALL = "all"
FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@store_folder
@click.option("--format", "kind", type=click.Choice(sorted(FORMATS)), default="table")
@click.option("--show", type=click.Choice([*TABLES, ALL]), help="One analysis, or all of them.")
@choice_options
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="A file; a folder for --show all."
)
@click.option("--strict", is_flag=True, help="Keep non-deterministic platforms apart.")
@click.option("--figures", type=FOLDER, help="Also draw the study's figures, for print, here.")
@click.option(
    "--figure-format", type=click.Choice(FIGURE_FORMATS), default="svg", show_default=True
)
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
    """Show the equivalence classes of every run at or below STORE.

    With --show NAME one analysis as a table; with --show all -o FOLDER a file for each.
    """
    _check(kind, show, output)
    choice = Choice(workload, given, variant, platforms)
    bounds = PAGE if kind == "html" else UNBOUNDED
    found = findings(store, choice, strict=strict, bounds=bounds)
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
    if kind == "html":
        return html_text(found.summary, details(found))
    return FORMATS[kind](found.summary)


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
