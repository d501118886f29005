"""Figure 2: with more cores, generations of processors are in fewer classes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from functools import partial
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from orchestrator.report.print_figures.drawing import STYLES, page, shown, style
from orchestrator.report.print_figures.figure import DataValue, StaticFigure, file_name
from orchestrator.report.words import column_name
from orchestrator.results.layers import CoreCounts

_HEAD = (
    *("workload", "input", "variant", "output"),
    *("count_of", "count", "generation", "class_id"),
)
_MOST = 60
"""Generations that fit on a page."""
_SPREAD = 0.16
"""Distance of two lines in one class; lines of different classes are at least 1 apart."""


@dataclass(frozen=True)
class _Node:
    """One class at one count of cores."""

    height: float
    lines: tuple[str, ...]
    """Generations from the top. One without a platform at this core count stays beside those that
    it was with at the count before, so that its line shows no change that was not observed."""
    members: tuple[str, ...]
    """Generations with a platform at this core count."""

    def line(self, generation: str) -> float:
        """The height of a generation's line in this class."""
        middle = (len(self.lines) - 1) / 2
        return self.height + _SPREAD * (self.lines.index(generation) - middle)


def core_count_figures(found: Iterable[CoreCounts], count_of: str) -> Iterator[StaticFigure | str]:
    """One figure per partition whose generations are seen at several counts of ``count_of``
    (``logical CPUs`` or ``threads``); a sentence in its place where it has too many."""
    for core_counts in found:
        key = (core_counts.workload, core_counts.input, core_counts.variant, core_counts.output)
        generations = {name for level in core_counts.levels for name, _ in level.generations}
        if len(generations) > _MOST:
            yield f"no figure 2 for {column_name(key)}: {len(generations)} generations do not fit"
        elif core_counts.flows and len(generations) > 1:
            name = "figure-2-threads" if count_of == "threads" else "figure-2"
            classes = [str(len(level.classes)) for level in core_counts.levels]
            counts = [str(level.cores) for level in core_counts.levels]
            yield StaticFigure(
                file_name(name, *(part for part in key if part != "output")),
                f"Figure 2, {column_name(key)}: {', '.join(classes)} classes at "
                f"{', '.join(counts)} {count_of}",
                _HEAD,
                tuple(_rows(key, core_counts, count_of)),
                partial(_drawn, core_counts, count_of),
            )


def _rows(
    key: tuple[str, str, str, str], core_counts: CoreCounts, count_of: str
) -> Iterator[tuple[DataValue, ...]]:
    for level in core_counts.levels:
        for generation, classes in level.generations:
            for identity in classes:
                yield (*key, count_of, level.cores, generation, identity)


def _drawn(core_counts: CoreCounts, count_of: str) -> Figure:
    rows = _places(core_counts)
    nodes = _nodes(core_counts, rows)
    figure, (axes,) = page(1.0 + 0.23 * max(len(rows), 4))
    columns = {level.cores: place for place, level in enumerate(core_counts.levels)}
    looks = {name: style(place % STYLES, marker=False) for place, name in enumerate(rows)}
    for generation, row in rows.items():
        _draw_start(axes, generation, row, nodes, columns, looks[generation])
    for flow in core_counts.flows:
        start, end = (
            (columns[cores], nodes[cores, identity].line(flow.generation))
            for cores, identity in zip(flow.cores, flow.classes, strict=True)
        )
        _draw_curve(axes, start, end, looks[flow.generation])
    for (cores, _), node in nodes.items():
        axes.plot(
            [columns[cores]] * 2,
            [node.line(node.members[0]) - 0.14, node.line(node.members[-1]) + 0.14],
            color="black",
            linewidth=3.5,
            solid_capstyle="round",
            zorder=3,
        )
    levels = [
        f"{level.cores}\n{len(level.classes)} / {len(level.generations)}"
        for level in core_counts.levels
    ]
    axes.set_xticks(range(len(levels)), levels)
    rows_are = "platforms" if count_of == "threads" else "generations"
    axes.set_xlabel(f"{count_of}; below: classes / {rows_are} seen with so many")
    axes.set_xlim(-1.0, len(levels) - 0.85)
    axes.set_yticks(list(rows.values()), [shown(name, 40) for name in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.tick_params(axis="both", length=0)
    axes.spines[["left", "bottom"]].set_visible(False)
    return figure


def _draw_start(
    axes: Axes,
    generation: str,
    row: int,
    nodes: Mapping[tuple[int, str], _Node],
    columns: Mapping[int, int],
    look: dict[str, Any],
) -> None:
    """Draw the line from a generation's name to its first classes."""
    first = min(cores for (cores, _), node in nodes.items() if generation in node.members)
    for (cores, _), node in nodes.items():
        if cores == first and generation in node.members:
            thin = {**look, "linewidth": 0.6} if columns[first] else look
            _draw_curve(axes, (-1.0, row), (columns[first], node.line(generation)), thin)


def _draw_curve(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], look: dict[str, Any]
) -> None:
    """Draw a curve that is level at both ends, so that lines of one class are parallel there."""
    steps = [step / 24 for step in range(25)]
    eased = [step * step * (3 - 2 * step) for step in steps]
    axes.plot(
        [start[0] + (end[0] - start[0]) * step for step in steps],
        [start[1] + (end[1] - start[1]) * ease for ease in eased],
        **look,
    )


def _places(core_counts: CoreCounts) -> dict[str, int]:
    """The row of each generation; those in one class at the end are neighbours."""
    paths: dict[str, list[str]] = {}
    for level in reversed(core_counts.levels):
        place = {
            identity: f"{rank:06}" for rank, identity in enumerate(_by_name(level.generations))
        }
        for generation, classes in level.generations:
            paths.setdefault(generation, []).append(place[classes[0]])
    return {name: row for row, name in enumerate(sorted(paths, key=lambda n: (paths[n], n)))}


def _by_name(generations: Iterable[tuple[str, tuple[str, ...]]]) -> list[str]:
    return list(dict.fromkeys(identity for _, classes in generations for identity in classes))


def _nodes(core_counts: CoreCounts, rows: Mapping[str, int]) -> dict[tuple[int, str], _Node]:
    found: dict[tuple[int, str], _Node] = {}
    before: list[_Node] = []
    for level in core_counts.levels:
        present = {name for name, _ in level.generations}
        now: dict[str, _Node] = {}
        for identity in _by_name(level.generations):
            members = {name for name, classes in level.generations if identity in classes}
            lines = members | _absent_companions(members, present, before)
            now[identity] = _Node(
                sum(rows[name] for name in lines) / len(lines),
                tuple(sorted(lines, key=rows.__getitem__)),
                tuple(sorted(members, key=rows.__getitem__)),
            )
        found |= {(level.cores, identity): node for identity, node in now.items()}
        before = list(now.values())
    return found


def _absent_companions(
    members: Set[str], present: Set[str], before: Iterable[_Node]
) -> frozenset[str]:
    return frozenset(
        name
        for node in before
        if members & set(node.lines)
        for name in node.lines
        if name not in present
    )
