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
from orchestrator.report.cells import cell_text
from orchestrator.report.csv_report import csv_text
from orchestrator.report.escape import plain
from orchestrator.report.figures import Figure, dendrogram_figure, layers_figure
from orchestrator.report.json_report import json_report
from orchestrator.results_model import ClassTable, Partition, Summary

_HUES = (210, 30, 130, 280, 60, 340, 170, 0, 240, 90, 310, 190)
"""Of class 1, 2, …: neighbours differ. Numbers say the same without colour."""


def html_text(summary: Summary) -> str:
    """The whole page. It needs no script to be read; scripts add figures and filters."""
    dendrograms = [
        (letter, partition, dendrogram_figure(partition))
        for letter, partition in zip(summary.table.letters, summary.partitions, strict=True)
    ]
    profiles = [(profile, layers_figure(profile)) for profile in summary.layers]
    figures = {f"dendrogram-{letter}": found for letter, _, found in dendrograms if found}
    figures |= {f"layers-{row}": found for row, (_, found) in enumerate(profiles)}
    text: str = (
        _environment()
        .get_template("page.html.j2")
        .render(
            summary=summary,
            title=words.title(summary),
            infos={info.name: info for info in summary.platforms},
            heads=_heads(summary.table),
            dendrograms=[(letter, partition) for letter, partition, found in dendrograms if found],
            alone=[(letter, partition) for letter, partition, found in dendrograms if not found],
            profiles=[profile for profile, _ in profiles],
            absent=_absent(summary.table.letters, summary.partitions),
            noted=[partition for partition in summary.partitions if partition.notes],
            figures=_script_json(figures),
            data=_script_json({"json": json_report(summary), "csv": csv_text(summary)}),
            plotly=_plotly(figures),
        )
    )
    return text


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("orchestrator.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plain"] = plain
    environment.filters["cell"] = cell_text
    environment.filters["hue"] = lambda number: _HUES[(number - 1) % len(_HUES)]
    environment.filters["gib"] = lambda size: f"{size / 2**30:.1f} GiB"
    for function in (
        words.column_name,
        words.counted,
        words.determinism,
        words.finding,
        words.hardware,
        words.kind,
        words.legend,
        words.precision,
    ):
        environment.globals[function.__name__] = function
    return environment


def _heads(table: ClassTable) -> list[list[tuple[str, int]]]:
    """Rows of column heads above the letters: workload, variant, input and, where some
    partition has a named one, output; each as (text, columns it spans)."""
    order = (0, 2, 1, 3) if any(key[3] != "output" for key in table.columns) else (0, 2, 1)
    rows: list[list[tuple[str, int]]] = []
    for depth in range(1, len(order) + 1):
        prefixes = [tuple(key[part] for part in order[:depth]) for key in table.columns]
        spans: list[tuple[str, int]] = []
        for position, prefix in enumerate(prefixes):
            if position and prefix == prefixes[position - 1]:
                spans[-1] = (spans[-1][0], spans[-1][1] + 1)
            else:
                spans.append((prefix[-1], 1))
        rows.append(spans)
    return rows


def _absent(
    letters: Sequence[str], partitions: Sequence[Partition]
) -> list[tuple[str, str, str, list[str]]]:
    """(platform, status, reason, letters of the columns), each combination once."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for letter, partition in zip(letters, partitions, strict=True):
        for missing in partition.missing:
            key = (missing.platform, missing.status, missing.reason)
            found.setdefault(key, []).append(letter)
    return [(*key, columns) for key, columns in found.items()]


def _script_json(value: Any) -> Markup:
    """JSON inside a ``<script>``: no character in it can end the script or start markup."""
    text = json.dumps(value, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - escaped just above


def _plotly(figures: dict[str, Figure]) -> Markup:
    """Plotly's script, 4.8 MB, only where there is something to draw."""
    return Markup(get_plotlyjs() if figures else "")  # noqa: S704 - a library's own script
