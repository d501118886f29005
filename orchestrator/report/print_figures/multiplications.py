"""Figure 4: remaining precision and number of classes against the number of multiplications."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter

from orchestrator.report.print_figures.drawing import chunks, legend, page, style
from orchestrator.report.print_figures.figure import DataValue, StaticFigure, file_name
from orchestrator.results.comparison import PLATFORM, Noun
from orchestrator.results.layers import SizeRow
from orchestrator.system.counted import counted

_HEAD = (
    *("series", "workload", "input", "variant", "output", "multiplications"),
    *("platforms", "classes", "remaining_precision", "mantissa_bits"),
)
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
Series = tuple[str, tuple[SizeRow, ...]]


def size_figures(
    rows: Sequence[SizeRow], series: Mapping[str, str], noun: Noun = PLATFORM
) -> Iterator[StaticFigure | str]:
    """One figure per variant that was computed at several sizes; a sentence if there is none.

    ``series`` gives the name of a workload's line by the workload's label.
    """
    known = [row for row in rows if row.multiplications and row.classes]
    found = False
    for variant in dict.fromkeys(row.variant for row in known):
        chosen = [row for row in known if row.variant == variant]
        sizes = {row.multiplications or 0 for row in chosen}
        if len(sizes) < 2:
            continue
        found = True
        for lines in chunks(_lines(chosen, series)):
            yield StaticFigure(
                file_name("figure-4", variant),
                f"Figure 4, {variant}: {counted(len(sizes), 'number')} of multiplications, "
                f"{min(sizes):,} to {max(sizes):,}",
                noun.heads(_HEAD),
                tuple(_rows(lines)),
                partial(_drawn, lines),
            )
    if not found:
        why = (
            "all computations have equally many multiplications"
            if known
            else "no record says how many multiplications there are"
        )
        yield f"no figure 4: {why}"


def _lines(rows: Sequence[SizeRow], series: Mapping[str, str]) -> list[Series]:
    """The lines: one per series, or one per input and output where a series has several."""
    inputs: dict[str, set[tuple[str, str]]] = {}
    for row in rows:
        name = series.get(row.workload, row.workload)
        inputs.setdefault(name, set()).add((row.input, row.output))
    found: dict[str, list[SizeRow]] = {}
    for row in rows:
        name = series.get(row.workload, row.workload)
        words = [name]
        if len({each[0] for each in inputs[name]}) > 1:
            words.append(row.input)
        if row.output != "output":
            words.append(row.output)
        found.setdefault(" · ".join(words), []).append(row)
    return [(name, tuple(rows)) for name, rows in found.items()]


def _rows(lines: Sequence[Series]) -> Iterator[tuple[DataValue, ...]]:
    for name, rows in lines:
        for row in rows:
            about = (row.workload, row.input, row.variant, row.output, row.multiplications)
            found = (row.platforms, row.classes, row.remaining_precision, row.mantissa_bits)
            yield (name, *about, *found)


def _drawn(lines: Sequence[Series]) -> Figure:
    figure, (above, below) = page(4.2, 2, sharex=True)
    handles = []
    for position, (_, rows) in enumerate(lines):
        sizes = [float(row.multiplications or 0) for row in rows]
        precise = [row for row in rows if row.remaining_precision is not None]
        above.plot(
            [float(row.multiplications or 0) for row in precise],
            [float(row.remaining_precision or 0) for row in precise],
            **style(position),
        )
        (line,) = below.plot(sizes, [row.classes for row in rows], **style(position))
        handles.append(line)
    _label_powers(below, [row.multiplications or 1 for _, rows in lines for row in rows])
    below.set_xlabel("multiplications for one element of the batch")
    above.set_ylabel("remaining bits")
    below.set_ylabel("classes")
    for axes in (above, below):
        axes.set_ylim(bottom=0)
        axes.margins(y=0.12)
        axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=7))
    place = {"loc": "lower left", "bbox_to_anchor": (0, 1)}
    legend(above, [name for name, _ in lines], handles, **place)
    return figure


def _label_powers(axes: Axes, sizes: Sequence[int]) -> None:
    """Label a logarithmic axis between two powers of ten; matplotlib's own labels are formulas."""
    first, last = len(str(min(sizes))) - 1, len(str(max(sizes)))
    powers = range(first, last + 1)
    axes.set_xscale("log")
    axes.set_xticks(
        [10.0**power for power in powers],
        [f"10{str(power).translate(_RAISED)}" for power in powers],
    )
    axes.set_xlim(10.0**first * 0.8, 10.0**last * 1.25)
    axes.xaxis.set_minor_formatter(NullFormatter())
