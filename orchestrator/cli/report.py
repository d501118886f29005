"""``eqc report``: shows a store's results, as a whole report or as the table of one analysis."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from orchestrator.analysis.bounds import PAGE, TERMINAL, UNBOUNDED
from orchestrator.analysis.details import details
from orchestrator.analysis.findings import Findings
from orchestrator.analysis.observations.labels import Choice
from orchestrator.analysis.tables.registry import TABLES
from orchestrator.api import findings
from orchestrator.cli.commands.choices import ALL
from orchestrator.cli.output import write_figures
from orchestrator.cli.stores import axes_of, checked, print_classes, warn_of_nothing
from orchestrator.cli.terminal import console
from orchestrator.errors import Exit, NotOfPlatforms, UsageError
from orchestrator.report.formats import Format, Written
from orchestrator.report.registry import FORMATS, format_names
from orchestrator.report.terminal import AnalysisReport
from orchestrator.system.counted import counted
from orchestrator.system.files import write_whole

Write = Callable[[Findings], None]


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
    software: tuple[str, ...],
    output: Path | None,
    figures: Path | None,
    figure_format: str,
    compare: str | None,
    *,
    strict: bool,
    check: bool,
) -> None:
    """Carry out ``eqc report``."""
    form = FORMATS[kind]
    write = _report(form, output) if show is None else _tables(form, show, output)
    choice = Choice(workload, given, variant, platforms)
    bounds = UNBOUNDED if show else PAGE if form.page else TERMINAL
    axes = axes_of(compare)
    found = findings(store, choice, strict=strict, bounds=bounds, software=software, compare=axes)
    if figures is not None:
        to_program = output is None and kind != "table"
        write_figures(found, figures, figure_format, quiet=to_program)
    write(found)
    warn_of_nothing(found.summary)
    context.exit(checked(found.summary) if check else Exit.DONE)


def _report(form: Format, output: Path | None) -> Write:
    """Writes the whole report. Raises ``UsageError``."""
    text = _report_text(form)
    _refuse_folder(output)

    def write(found: Findings) -> None:
        if output is not None:
            write_whole(output, text(found).encode())
        elif form.name == "table":
            print_classes(found.reported)
        else:
            click.echo(text(found))

    return write


def _report_text(form: Format) -> Callable[[Findings], str]:
    if (page := form.page) is not None:
        return lambda found: page(found.reported, details(found))
    if (report := form.report) is not None:
        return lambda found: report(found.reported)
    raise UsageError(f"--format {form.name} writes no whole report; --show NAME may have it")


def _tables(form: Format, show: str, output: Path | None) -> Write:
    """Writes one analysis, or all. Raises ``UsageError``."""
    text = form.table
    if text is None:
        known = ", ".join(name for name in format_names(Written.TABLE) if name != form.name)
        raise UsageError(f"--show {show} has no --format {form.name}; it has {known}")
    makes = dict(TABLES) if show == ALL else {show: TABLES[show]}

    def write_one(found: Findings) -> None:
        table = makes[show](found)
        if output is not None:
            write_whole(output, text(table).encode())
        elif form.name == "table" and console().is_terminal:
            console().print(AnalysisReport(table))
        else:
            click.echo(text(table), nl=False)

    def write_all(found: Findings) -> None:
        for name, make in makes.items():
            path = (output or Path()) / f"{name}{form.suffix}"
            try:
                table = make(found)
            except NotOfPlatforms as error:
                path.unlink(missing_ok=True)
                click.echo(f"{path}: left out: {error}")
                continue
            write_whole(path, text(table).encode())
            click.echo(f"{path}: {counted(len(table.rows), 'row')}")

    if show != ALL:
        _refuse_folder(output)
        return write_one
    if output is None:
        raise UsageError("--show all writes one file per analysis: say where with -o FOLDER")
    if output.exists() and not output.is_dir():
        raise UsageError(f"{output}: is a file; --show all needs a folder")
    return write_all


def _refuse_folder(output: Path | None) -> None:
    if output is not None and output.is_dir():
        raise UsageError(f"{output}: is a folder; -o needs a file here")
