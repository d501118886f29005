"""Figure 5: number of classes and remaining precision, layer by layer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from orchestrator.report.print_figures.drawing import RED, legend, page, shown
from orchestrator.report.print_figures.figure import DataValue, StaticFigure, file_name
from orchestrator.results.comparison import PLATFORM, Noun
from orchestrator.results.partitions import LayerProfile
from orchestrator.system.counted import counted

_HEAD = (
    *("workload", "input", "variant", "index", "layer", "operation", "platforms", "classes"),
    *("remaining_precision", "splits", "merges"),
)
_NAMED = 80
"""Up to so many layers, the axis shows their names."""
_ACTIVATIONS = frozenset({"relu", "sigmoid", "tanh", "softmax", "elu", "selu", "gelu", "swish"})
_BLUE = "#0072b2"


def layer_figures(
    profiles: Iterable[LayerProfile], noun: Noun = PLATFORM
) -> Iterator[StaticFigure]:
    """One figure per layer profile that has layers."""
    for profile in profiles:
        if profile.rows:
            key = profile.key
            parting = profile.first_parting
            where = f"{noun.many} part at {parting}" if parting else f"{noun.many} never part"
            if profile.alone:
                where = f"one {noun.one} only"
            yield StaticFigure(
                file_name("figure-5", *key),
                f"Figure 5, {' · '.join(key)}: {counted(len(profile.rows), 'layer')}, {where}",
                noun.heads(_HEAD),
                tuple(_rows(key, profile)),
                partial(_drawn, profile),
            )


def _rows(key: tuple[str, str, str], profile: LayerProfile) -> Iterator[tuple[DataValue, ...]]:
    for row in profile.rows:
        about = (row.index, row.name, row.operation, row.platforms, row.classes)
        marks = ("yes" if row.splits else "no", "yes" if row.merges else "no")
        yield (*key, *about, row.remaining_precision, *marks)


def _drawn(profile: LayerProfile) -> Figure:
    rows = profile.rows
    figure, (above, below) = page(3.6, 2, sharex=True)
    places = range(len(rows))
    above.plot(places, [row.classes for row in rows], color="black", drawstyle="steps-mid")
    above.set_ylabel("classes")
    above.set_ylim(bottom=0)
    bits = [float("nan") if r.remaining_precision is None else r.remaining_precision for r in rows]
    below.plot(places, bits, color="black", marker="o", markersize=2.2, linewidth=0.9)
    below.set_ylabel("remaining bits")
    below.set_ylim(bottom=0)
    for axes in (above, below):
        axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        axes.margins(y=0.15)
    above.set_xlim(-0.7, len(rows) - 0.3)
    if len(rows) <= _NAMED:
        names = [shown(row.name, 28) for row in rows]
        below.set_xticks(places, names, rotation=90, fontsize=7 if len(rows) <= 30 else 5)
    else:
        below.set_xlabel("layer, in order of computation")
    _mark_operations(above, below, profile)
    return figure


def _mark_operations(above: Axes, below: Axes, profile: LayerProfile) -> None:
    """Red triangles up for activations, blue ones down for pooling, on the lower axis."""
    operations = [(row.operation or "").lower() for row in profile.rows]
    kinds = (
        ("activation", "^", RED, [operation in _ACTIVATIONS for operation in operations]),
        ("pooling", "v", _BLUE, ["pool" in operation for operation in operations]),
    )
    handles, labels = [], []
    for label, marker, colour, applies in kinds:
        places = [place for place, holds in enumerate(applies) if holds]
        if places:
            (marks,) = below.plot(
                places,
                [0] * len(places),
                linestyle="none",
                marker=marker,
                color=colour,
                markersize=4,
                clip_on=False,
                zorder=5,
            )
            handles.append(marks)
            labels.append(label)
    if handles:
        place = {"loc": "lower right", "bbox_to_anchor": (1, 1), "handlelength": 1}
        legend(above, labels, handles, **place)
