"""Figure 6: how far the classes of a partition are apart, as a dendrogram."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from orchestrator.report.print_figures.drawing import GREY, PALE, page, shown, ticks
from orchestrator.report.print_figures.figure import DataValue, StaticFigure, file_name
from orchestrator.report.words import column_name, finding
from orchestrator.results.comparison import PLATFORM, Noun
from orchestrator.results.partitions import Branch, EqClass, Partition

_HEAD = (
    *("workload", "input", "variant", "output", "mantissa_bits"),
    *("classes_below", "agree_on_bits", "joined_at_bits", "platform"),
)
_PLATFORMS = 80
"""Up to so many platforms, each is a leaf; with more, each class is one."""
_MOST = 100
"""Leaves that fit on a page."""
_LONGEST = 44
"""Characters of a name: the axis needs half of the width."""


@dataclass(frozen=True)
class _Leaf:
    group: EqClass
    names: tuple[str, ...]
    first: int
    """The row of the first name."""

    @property
    def height(self) -> float:
        return self.first + (len(self.names) - 1) / 2


def dendrogram_figures(
    partitions: Iterable[Partition], noun: Noun = PLATFORM
) -> Iterator[StaticFigure | str]:
    """One figure per partition; a sentence in its place where there can be none."""
    for partition in partitions:
        name = column_name(partition.key)
        if partition.dendrogram is None:
            why = "its outputs are no floats" if partition.classes else "nothing was observed"
            yield f"no figure 6 for {name}: {why}"
        elif len(partition.classes) > _MOST:
            yield f"no figure 6 for {name}: {len(partition.classes)} classes do not fit on a page"
        else:
            yield StaticFigure(
                file_name("figure-6", *(part for part in partition.key if part != "output")),
                f"Figure 6, {name}: {finding(partition, noun)}",
                noun.heads(_HEAD),
                tuple(_rows(partition, partition.dendrogram, 0)),
                partial(_drawn, partition, partition.dendrogram, noun),
            )


def _rows(partition: Partition, branch: Branch, above: int) -> Iterator[tuple[DataValue, ...]]:
    """A row per node and, for a class, per platform; ``joined_at_bits``: the node above it."""
    below = " ".join(str(number) for number in branch.classes)
    groups = {group.number: group for group in partition.classes}
    members = (None,) if branch.children else groups[branch.classes[0]].platforms
    for member in members:
        yield (*partition.key, partition.mantissa_bits, below, branch.precision, above, member)
    for child in branch.children:
        yield from _rows(partition, child, branch.precision)


def _drawn(partition: Partition, tree: Branch, noun: Noun) -> Figure:
    leaves = _leaves(partition, tree, noun)
    names = [name for leaf in leaves.values() for name in leaf.names]
    # A float of exponents alone (float8_e8m0fnu) has no mantissa bits, an axis has some length.
    bits = partition.mantissa_bits or tree.precision or 1
    small = len(names) > _PLATFORMS // 2
    figure, (axes,) = page(0.8 + (0.105 if small else 0.15) * max(len(names), 3))
    end = bits * 1.08
    _draw_tree(axes, tree, 0, leaves)
    for leaf in leaves.values():
        _draw_leaf(axes, leaf, bits, end)
    axes.axvspan(bits, end, color=PALE, alpha=0.6, linewidth=0, zorder=0)
    axes.axvline(bits, color=GREY, linewidth=0.5, linestyle=(0, (2, 2)), zorder=0)
    axes.set_xlim(-bits * 0.01, end)
    axes.set_xticks(ticks(bits))
    axes.set_xlabel("remaining precision in bits\nshaded: identical; grey numbers: classes")
    axes.set_ylim(len(names) - 0.3, -0.7)
    axes.yaxis.tick_right()
    axes.set_yticks(range(len(names)), names, fontsize=5.5 if small else 7)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    if partition.without_output:
        absent = noun.counted(len(partition.without_output))
        axes.set_title(f"{absent} without output not shown", loc="left", color=GREY, fontsize=7)
    return figure


def _leaves(partition: Partition, tree: Branch, noun: Noun) -> dict[int, _Leaf]:
    """The leaves by class number, from the top."""
    groups = {group.number: group for group in partition.classes}
    each = sum(len(group.platforms) for group in partition.classes) <= _PLATFORMS
    varying = frozenset(partition.nondeterministic)
    found: dict[int, _Leaf] = {}
    row = 0
    for number in _order(tree):
        group = groups[number]
        if each:
            names = [
                shown(name, _LONGEST) + ("*" if name in varying else "") for name in group.platforms
            ]
        else:
            several = noun.counted(len(group.platforms))
            names = [shown(f"{several}: {group.platforms[0]} …", _LONGEST)]
        found[number] = _Leaf(group, tuple(names), row)
        row += len(names)
    return found


def _order(branch: Branch) -> Iterator[int]:
    if not branch.children:
        yield from branch.classes
    for child in branch.children:
        yield from _order(child)


def _draw_tree(axes: Axes, branch: Branch, start: int, leaves: dict[int, _Leaf]) -> float:
    """Draws an arm from ``start`` bits and what is below it; returns the arm's height."""
    if not branch.children:
        height = leaves[branch.classes[0]].height
    else:
        heights = [_draw_tree(axes, child, branch.precision, leaves) for child in branch.children]
        height = (min(heights) + max(heights)) / 2
        _line(axes, (branch.precision, branch.precision), (min(heights), max(heights)))
    _line(axes, (start, branch.precision), (height, height))
    return height


def _draw_leaf(axes: Axes, leaf: _Leaf, bits: int, end: float) -> None:
    """The number of a class, and a line past the last bit for each of its platforms."""
    rows = range(leaf.first, leaf.first + len(leaf.names))
    _line(axes, (bits, bits), (rows[0], rows[-1]))
    for row in rows:
        _line(axes, (bits, end), (row, row))
    axes.annotate(
        str(leaf.group.number),
        (bits, leaf.height),
        xytext=(-2, 1),
        textcoords="offset points",
        ha="right",
        va="bottom",
        fontsize=6,
        color=GREY,
    )


def _line(axes: Axes, x: tuple[float, float], y: tuple[float, float]) -> None:
    axes.plot(x, y, color="black", linewidth=0.9, solid_capstyle="projecting")
