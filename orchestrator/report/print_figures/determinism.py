"""Outputs of the platforms whose sessions disagree."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from orchestrator.report.print_figures.drawing import page, shown
from orchestrator.report.print_figures.figure import DataValue, StaticFigure
from orchestrator.report.words import column_name
from orchestrator.results.comparison import PLATFORM, Noun
from orchestrator.results.partitions import Determinism, Variation
from orchestrator.system.counted import counted

_HEAD = (
    *("platform", "workload", "input", "variant", "output"),
    *("output_id", "sessions", "remaining_precision"),
)
_MOST = 60
"""Cells that fit on a page: those with the most outputs."""
_SHADES = ("#9ecae1", "#ffffff")
"""Two alternating shades: one colour per output would suggest that rows share outputs."""


def determinism_figure(found: Determinism, noun: Noun = PLATFORM) -> StaticFigure | str:
    """Sessions by output of every cell that varies, or why there is no figure."""
    if not found.judged:
        return "no determinism figure: no cell has several sessions"
    judged = counted(found.judged, "cell")
    if not found.variations:
        return f"no determinism figure: none of {judged} varied between sessions"
    ordered = sorted(found.variations, key=lambda each: -len(each.outputs))
    return StaticFigure(
        "determinism",
        f"{len(ordered)} of {judged} with several sessions varied between them",
        noun.heads(_HEAD),
        tuple(_rows(ordered)),
        partial(_drawn, ordered[:_MOST], len(ordered)),
    )


def _rows(variations: list[Variation]) -> Iterator[tuple[DataValue, ...]]:
    for each in variations:
        key = (each.platform, each.workload, each.input, each.variant, each.output)
        for identity, sessions in each.outputs:
            yield (*key, identity, sessions, each.remaining_precision)


def _drawn(variations: list[Variation], total: int) -> Figure:
    figure, (axes,) = page(0.8 + 0.24 * max(len(variations), 2))
    for row, each in enumerate(variations):
        left = 0
        for place, (_, sessions) in enumerate(each.outputs):
            axes.barh(
                row,
                sessions,
                left=left,
                height=0.7,
                color=_SHADES[place % len(_SHADES)],
                edgecolor="black",
                linewidth=0.6,
            )
            left += sessions
    names = [_name(each) for each in variations]
    axes.set_yticks(range(len(names)), names, fontsize=6)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlabel("sessions; each box is one distinct output of its row")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if total > len(variations):
        axes.set_title(
            f"{len(variations)} of {counted(total, 'cell')} that varied", loc="left", fontsize=7
        )
    return figure


def _name(variation: Variation) -> str:
    key = (variation.workload, variation.input, variation.variant, variation.output)
    return f"{shown(variation.platform, 34)}\n{shown(column_name(key), 44)}"
