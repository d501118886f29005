"""Files that a report writes: the HTML page of a run, and figures for print."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.analysis.details import details
from orchestrator.analysis.findings import Findings
from orchestrator.errors import EnvironmentNotReady
from orchestrator.report.html.page import html_text
from orchestrator.system.files import write_whole

if TYPE_CHECKING:
    from orchestrator.report.print_figures.registry import Shown


def write_figures(found: Findings, folder: Path, kind: str, *, quiet: bool = False) -> None:
    """Write every figure for which there is data into ``folder``, each with its data as CSV.

    Prints the files and why other figures are absent: on stderr if ``quiet``, since stdout then
    holds a report for programs. ``kind`` is ``svg``, ``pdf`` or ``png``. Raises
    ``EnvironmentNotReady`` without matplotlib.
    """
    if find_spec("matplotlib") is None:
        raise EnvironmentNotReady(
            "figures need matplotlib, which is not installed: "
            "pip install 'eqc-orchestrator[figures]'"
        )
    # Imported here: matplotlib is an optional dependency, and its import takes half a second.
    from orchestrator.report.print_figures.drawing import rendered  # noqa: PLC0415
    from orchestrator.report.print_figures.figure import data_text  # noqa: PLC0415
    from orchestrator.report.print_figures.registry import every_figure  # noqa: PLC0415

    figures, absent = every_figure(shown(found))
    for figure in figures:
        path = folder / f"{figure.name}.{kind}"
        write_whole(path, rendered(figure, kind))
        write_whole(path.with_name(f"{figure.name}.csv"), data_text(figure).encode())
        click.echo(f"{path}: {figure.title}", err=quiet)
    for sentence in absent:
        click.echo(sentence, err=quiet)


def shown(found: Findings) -> Shown:
    """The data of all figures. Needs matplotlib."""
    from orchestrator.report.print_figures.registry import Shown  # noqa: PLC0415

    return Shown(
        found.summary,
        counts=found.class_counts,
        by_cores=found.core_counts,
        # Each platform is a line of its own.
        by_threads=found.thread_counts({}),
        sizes=found.sizes,
        series=found.series,
    )


def write_page(run: Path, found: Findings) -> Path:
    """Write the page of a run to ``report/index.html`` in its folder ``run``; returns that path."""
    page = run / "report" / "index.html"
    write_whole(page, html_text(found.reported, details(found)).encode())
    return page
