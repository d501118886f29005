"""The report as one self-contained HTML page: no network, no other file."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from orchestrator.report import words
from orchestrator.report.escape import plain
from orchestrator.report.formats.csv_format import csv_text
from orchestrator.report.formats.json_format import json_text
from orchestrator.report.html import class_table, parts
from orchestrator.report.html.consequences import consequences_section
from orchestrator.report.html.core_counts import core_counts_section, sizes_section
from orchestrator.report.html.dendrograms import dendrograms_section
from orchestrator.report.html.explanation import explanation_section
from orchestrator.report.html.hardware import flags_section
from orchestrator.report.html.layers import layers_section
from orchestrator.report.html.parts import Figure, Section
from orchestrator.report.html.sessions import (
    determinism_section,
    measured_section,
    missing_section,
)
from orchestrator.report.words import cell_text
from orchestrator.results.comparison import BY_PLATFORM
from orchestrator.results.details import Details
from orchestrator.results.partitions import Summary
from orchestrator.system.counted import counted

_HUES = (210, 30, 130, 280, 60, 340, 170, 0, 240, 90, 310, 190)
"""Hues of class 1, 2, …: those of successive classes differ much. Class numbers are shown, too."""
_EMBEDDED = 4_000_000
"""Largest file to save, in characters, inside the page; for a larger one it names the command."""


def html_text(summary: Summary, details: Details | None = None) -> str:
    """The whole page, readable without scripts, which add figures, filters and files to save.

    Without ``details`` the sections that need them are left out.
    """
    before, after = _sections(summary, details)
    figures = _figures((*before, *after))
    data = {"csv": csv_text(summary), "json": json_text(summary)}
    rows = class_table.shown_rows(summary.table)
    text: str = (
        _environment()
        .get_template("page.html.j2")
        .render(
            summary=summary,
            title=words.title(summary),
            infos={info.name: info for info in summary.platforms},
            heads=class_table.heads(summary.table),
            rows=rows,
            noun=summary.noun,
            columns=class_table.shown_columns(summary.table),
            listed=class_table.PLATFORMS,
            before=before,
            after=after,
            noted=[partition for partition in summary.partitions if partition.notes],
            figures=_script_json(figures),
            data=_script_json({k: text for k, text in data.items() if len(text) <= _EMBEDDED}),
            too_large=[kind for kind, text in data.items() if len(text) > _EMBEDDED],
            plotly=_plotly(figures),
        )
    )
    return text


def _sections(
    summary: Summary, details: Details | None
) -> tuple[tuple[Section, ...], tuple[Section, ...]]:
    """The sections before and after the platforms."""
    findings = [dendrograms_section(summary)]
    if details is not None:
        findings += [
            explanation_section(details, summary.noun),
            consequences_section(details, summary.noun),
        ]
    findings.append(layers_section(summary, details))
    if details is not None and summary.compare == BY_PLATFORM:
        findings += [core_counts_section(summary, details), sizes_section(details)]
    findings.append(determinism_section(summary))
    hardware = [flags_section(details)] if details is not None else []
    return tuple(findings), (*hardware, missing_section(summary), measured_section(summary))


def _figures(sections: Sequence[Section]) -> dict[str, Figure]:
    """The figures by the names under which the template places them."""
    return {
        f"{section.name}-{block_number}-{number}": drawing.figure
        for section in sections
        for block_number, block in enumerate(section.blocks)
        for number, drawing in enumerate(block.drawings)
    }


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("orchestrator.report.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plain"] = plain
    environment.filters["cell"] = cell_text
    environment.filters["hue"] = lambda number: _HUES[(number - 1) % len(_HUES)]
    environment.filters["gib"] = lambda size: f"{size / 2**30:.1f} GiB"
    environment.filters["shown"] = parts.shown
    environment.filters["saved"] = parts.saved
    environment.filters["prose"] = parts.prose
    environment.tests["names"] = lambda value: isinstance(value, tuple)
    for function in (
        words.column_name,
        counted,
        words.hardware,
        words.kind,
        words.legend,
        words.precision,
    ):
        environment.globals[function.__name__] = function
    return environment


def _script_json(value: Any) -> Markup:
    """JSON inside a ``<script>``: no character in it can end the script or start markup."""
    text = json.dumps(value, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - escaped just above


def _plotly(figures: dict[str, Figure]) -> Markup:
    """Plotly's script (4.8 MB) if there is a figure, else nothing."""
    return Markup(get_plotlyjs() if figures else "")  # noqa: S704 - a library's own script
