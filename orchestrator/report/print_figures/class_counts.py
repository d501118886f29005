"""Figure 1: cumulative number of classes over the platforms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from orchestrator.report.print_figures.drawing import (
    GREY,
    PALE,
    STYLES,
    chunks,
    legend,
    page,
    shown,
    style,
)
from orchestrator.report.print_figures.figure import DataValue, StaticFigure
from orchestrator.results.partitions import ClassCounts, CountCurve, CountedPlatform
from orchestrator.system.counted import counted

_NAMED = 24
"""Up to so many platforms, the axis shows their names; for more, their numbers of cores."""
_TICKED = 100
_HEAD = (
    *("workload", "input", "variant", "output", "position", "platform"),
    *("vendor", "generation", "cores", "class", "classes_so_far"),
)
Line = tuple[CountCurve, ...]
"""Partitions with equal counts, drawn as one line."""


def class_count_figures(found: Iterable[ClassCounts]) -> Iterator[StaticFigure]:
    """One figure per axis of platforms, or several where it has too many different lines."""
    for counts in found:
        for lines in chunks(_lines(counts.curves)):
            total = max(line[0].counts[-1] for line in lines)
            yield StaticFigure(
                "figure-1",
                f"Figure 1: up to {counted(total, 'class', 'classes')} as "
                f"{counted(len(counts.platforms), 'platform')} are added one by one",
                _HEAD,
                tuple(_rows(counts.platforms, lines)),
                partial(_drawn, counts.platforms, lines),
            )


def _lines(curves: Sequence[CountCurve]) -> list[Line]:
    """Inputs with equal counts share a line; if that leaves too many lines, workloads do, too."""
    by_computation: dict[tuple[object, ...], list[CountCurve]] = {}
    by_counts: dict[tuple[int, ...], list[CountCurve]] = {}
    for curve in curves:
        key = (curve.workload, curve.variant, curve.output, curve.counts)
        by_computation.setdefault(key, []).append(curve)
        by_counts.setdefault(curve.counts, []).append(curve)
    lines = by_computation if len(by_computation) <= STYLES else by_counts
    return [tuple(line) for line in lines.values()]


def _labels(lines: Sequence[Line]) -> list[str]:
    """The labels of the lines: only the parts of the names in which the lines differ."""
    curves = [curve for line in lines for curve in line]
    several_variants = len({curve.variant for curve in curves}) > 1
    several_inputs = len({curve.input for curve in curves}) > 1
    labels = []
    for line in lines:
        computations = {(curve.workload, curve.variant, curve.output) for curve in line}
        inputs = ", ".join(dict.fromkeys(curve.input for curve in line))
        words = [
            line[0].workload,
            *([inputs] if several_inputs and len(computations) == 1 else []),
            *([line[0].variant] if several_variants else []),
            *([line[0].output] if line[0].output != "output" else []),
            *([f"and {len(computations) - 1} more"] if len(computations) > 1 else []),
        ]
        labels.append(" · ".join(words))
    return labels


def _rows(
    platforms: Sequence[CountedPlatform], lines: Iterable[Line]
) -> Iterator[tuple[DataValue, ...]]:
    for line in lines:
        for curve in line:
            key = (curve.workload, curve.input, curve.variant, curve.output)
            for place, platform in enumerate(platforms):
                about = (platform.name, platform.vendor, platform.generation, platform.cores)
                yield (*key, place + 1, *about, curve.numbers[place], curve.counts[place])


def _drawn(platforms: Sequence[CountedPlatform], lines: Sequence[Line]) -> Figure:
    figure, (axes,) = page(2.7 + 0.08 * len(lines))
    places = range(1, len(platforms) + 1)
    handles = []
    for position, line in enumerate(lines):
        counts = line[0].counts
        (drawn,) = axes.plot(
            [0.5, *places, len(platforms) + 0.5],
            [counts[0], *counts, counts[-1]],
            drawstyle="steps-mid",
            markevery=[len(platforms)],
            **style(position),
        )
        handles.append(drawn)
    axes.set_ylabel("classes so far")
    axes.set_xlim(0.5, len(platforms) + 0.5)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=9))
    _label_platforms(axes, platforms)
    legend(figure, _labels(lines), handles, loc="outside lower center")
    return figure


def _label_platforms(axes: Axes, platforms: Sequence[CountedPlatform]) -> None:
    if len(platforms) <= _NAMED:
        names = [shown(platform.name, 28) for platform in platforms]
        axes.set_xticks(range(1, len(names) + 1), names, rotation=45, ha="right")
        return
    if len(platforms) <= _TICKED:
        cores = ["?" if each.cores is None else str(each.cores) for each in platforms]
        axes.set_xticks(range(1, len(cores) + 1), cores, rotation=90, fontsize=4.5)
        axes.tick_params(axis="x", length=1.5, pad=1)
        axes.set_xlabel("logical CPUs of each platform")
    else:
        axes.set_xlabel("platforms, by vendor, generation and logical CPUs")
    _label_generations(axes, platforms)


def _label_generations(axes: Axes, platforms: Sequence[CountedPlatform]) -> None:
    """Names above the axes, a line between two generations, a darker one between vendors."""
    start, vendor_before = 0, None
    labels: list[tuple[float, str]] = []
    for (vendor, generation), members in groupby(platforms, lambda p: (p.vendor, p.generation)):
        size = len(list(members))
        new_vendor = not start or vendor != vendor_before
        if start:
            colour = GREY if new_vendor else PALE
            axes.axvline(start + 0.5, color=colour, linewidth=0.6, zorder=0)
        name = generation or "unknown"
        if new_vendor and vendor:
            name = f"{vendor} {name}"
        labels.append((start + 0.5 + size / 2, shown(name, 30)))
        start, vendor_before = start + size, vendor
    across = axes.get_xaxis_transform()
    for place, (middle, name) in zip(_apart(labels, len(platforms)), labels, strict=True):
        leader, heights = (middle, place), (1.01, 1.05)
        axes.plot(leader, heights, color=GREY, linewidth=0.5, transform=across, clip_on=False)
        axes.text(
            place,
            1.06,
            name,
            transform=across,
            rotation=45,
            rotation_mode="anchor",
            fontsize=6,
            ha="left",
            va="bottom",
        )


def _apart(labels: Sequence[tuple[float, str]], platforms: int) -> list[float]:
    """Positions of the labels close to the given ones, such that no two labels overlap."""
    gap = platforms * 0.03
    places: list[float] = []
    for middle, _ in labels:
        places.append(max(middle, places[-1] + gap) if places else middle)
    for position in range(len(places) - 1, -1, -1):
        end = places[position + 1] - gap if position + 1 < len(places) else platforms + 0.5
        places[position] = min(places[position], end)
    return places
