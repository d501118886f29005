"""The page's section on the number of cores (Figure 2), and that on the size of models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.report.escape import figure
from orchestrator.report.html.model_size import sizes_figure
from orchestrator.report.html.parts import Block, Drawing, Figure, Section, grid, section
from orchestrator.report.words import column_name
from orchestrator.results.details import Details
from orchestrator.results.layers import CoreCounts, CoreLevel, SizeRow
from orchestrator.results.partitions import Partition, Summary
from orchestrator.system.counted import counted

COMMAND = "eqc report STORE --show collapse"


def core_counts_section(summary: Summary, details: Details) -> Section:
    """How classes merge as the number of cores or threads grows."""
    partitions = {partition.key: partition for partition in summary.partitions}
    part = details.core_counts
    return section(
        "cores",
        "Number of cores",
        "Each column holds the classes at one number of logical CPUs or threads, each line is a "
        "generation of processors (or a platform, where threads were varied). Where lines meet in "
        "one point, these processors gave bit-identical output. A class is named by its number in "
        "the class table, or by the start of its id where a figure spans several columns of it.",
        [_block(number, one, partitions) for number, one in enumerate(part.items, start=1)],
        command=COMMAND,
        notes=[part.absent, *part.notes],
    )


def sizes_section(details: Details) -> Section:
    """Classes and precision against the number of multiplications."""
    part = details.sizes
    return section(
        "sizes",
        "Number of multiplications",
        "Do larger models fall apart into more classes? Each point is one computation.",
        [_sizes(part.items)] if part.items else [],
        command="eqc report STORE --show multiplications",
        notes=[part.absent, *part.notes] if part.items else [part.absent],
    )


def _block(
    number: int, found: CoreCounts, partitions: Mapping[tuple[str, str, str, str], Partition]
) -> Block:
    key = (found.workload, found.input, found.variant, found.output)
    names = _class_names(found, partitions.get(key))
    counts = [len(level.classes) for level in found.levels]
    first, last = found.levels[0], found.levels[-1]
    title = (
        f"{column_name(key)}: {counted(counts[0], 'class', 'classes')} at {first.cores}, "
        f"{counts[-1]} at {last.cores}"
    )
    generations = {name for level in found.levels for name, _ in level.generations}
    lines = []
    if len(generations) > MOST:
        more = counted(len(generations) - MOST, "more generation is", "more generations are")
        lines.append(f"{more} in the table only.")
    if found.unplaced:
        lines.append(
            f"{counted(len(found.unplaced), 'platform')} of unknown generation or number of "
            f"CPUs: not shown."
        )
    levels = grid(
        f"cores-{number}",
        "Classes by number of cores and generation",
        ("generation", "cores", "classes"),
        (
            (name, level.cores, tuple(names[identity] for identity in identities))
            for level in found.levels
            for name, identities in level.generations
        ),
        command=COMMAND,
    )
    joined = grid(
        f"cores-{number}-joined",
        "Generations that were apart and are together at more cores",
        ("generations", "apart at", "together at", "classes before", "class after"),
        (
            (
                ", ".join(one.generations),
                *one.cores,
                tuple(names[identity] for identity in one.before),
                names[one.after],
            )
            for one in found.joined
        ),
        command=COMMAND,
    )
    label = "Classes by number of cores, one line for each generation; the same as a table below"
    grids = (levels,) if joined.empty else (levels, joined)
    return Block(title, tuple(lines), (Drawing(collapse_figure(found, names), label),), grids)


def _class_names(found: CoreCounts, partition: Partition | None) -> dict[str, str]:
    """Short names of classes by id: numbers in ``partition`` if it has all, else starts of ids."""
    numbers = {group.id: group.number for group in partition.classes} if partition else {}
    return dict(_named(found, numbers))


def _named(found: CoreCounts, numbers: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    for level in found.levels:
        for identity in level.classes:
            known = numbers.get(identity)
            yield identity, identity[:6] if known is None else str(known)


def _sizes(rows: tuple[SizeRow, ...]) -> Block:
    label = "Classes and remaining precision by multiplications; the same as a table below"
    table = grid(
        "multiplications",
        "Computations by number of multiplications",
        (
            *("workload", "input", "variant", "output"),
            *("multiplications", "platforms", "classes", "bits that remain", "of"),
        ),
        (
            (
                row.workload,
                row.input,
                row.variant,
                row.output,
                row.multiplications,
                row.platforms,
                row.classes,
                row.remaining_precision,
                row.mantissa_bits,
            )
            for row in rows
        ),
        command="eqc report STORE --show multiplications",
    )
    return Block(None, (), (Drawing(sizes_figure(rows), label),), (table,))


MOST = 40
"""Generations drawn; the table lists all."""
_DASHES = ("solid", "dash", "dot", "dashdot")
_HUES = 8


def collapse_figure(core_counts: CoreCounts, names: Mapping[str, str]) -> Figure:
    """A column of classes for each number of cores, a line for each generation through them.

    ``names`` gives a short name of each class by its id.
    """
    places = {level.cores: _places(level) for level in core_counts.levels}
    across = {level.cores: x for x, level in enumerate(core_counts.levels)}
    generations = sorted({name for level in core_counts.levels for name, _ in level.generations})
    drawn = generations[:MOST]
    list_shared = [_line(name, row, core_counts, across, places) for row, name in enumerate(drawn)]
    tallest = max(len(level.classes) for level in core_counts.levels)
    return {
        "data": [*list_shared, _nodes(core_counts, across, places, names)],
        "layout": {
            "height": 190 + 34 * tallest + 9 * len(drawn),
            "showlegend": True,
            "legend": {"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom"},
            "xaxis": {
                "tickvals": list(across.values()),
                "ticktext": [str(cores) for cores in across],
                "title": {"text": "logical CPUs or threads"},
                "range": [-0.4, len(across) - 0.6],
                "automargin": True,
                "showgrid": False,
                "zeroline": False,
            },
            "yaxis": {
                "visible": False,
                "range": [(tallest - 1) / 2 + 0.6, -(tallest - 1) / 2 - 0.6],
            },
        },
    }


def _places(level: CoreLevel) -> dict[str, float]:
    """The height of each class by id, centred: the lines visibly converge as classes get fewer.

    Classes are in the order of their generations, so that few lines cross.
    """
    seats: dict[str, list[int]] = {identity: [] for identity in level.classes}
    for seat, (_, identities) in enumerate(level.generations):
        for identity in identities:
            seats[identity].append(seat)
    ordered = sorted(seats, key=lambda identity: sum(seats[identity]) / len(seats[identity]))
    return {identity: row - (len(ordered) - 1) / 2 for row, identity in enumerate(ordered)}


def _line(
    name: str,
    row: int,
    core_counts: CoreCounts,
    across: Mapping[int, int],
    places: Mapping[int, Mapping[str, float]],
) -> dict[str, Any]:
    # Small offsets, since the lines of generations in one class would cover each other.
    shift = ((row % 5) - 2) * 0.035
    xs: list[float | None] = []
    ys: list[float | None] = []
    for flow in core_counts.flows:
        if flow.generation == name:
            for cores, identity in zip(flow.cores, flow.classes, strict=True):
                xs.append(across[cores])
                ys.append(places[cores][identity] + shift)
            xs.append(None)
            ys.append(None)
    if not xs:
        # A generation at one number of cores only: a point without a line, and in the legend.
        xs, ys = [None], [None]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": figure(name),
        "x": xs,
        "y": ys,
        "hoverinfo": "skip",
        "line": {"width": 3, "dash": _DASHES[row // _HUES % len(_DASHES)]},
        "meta": row % _HUES,
    }


def _nodes(
    core_counts: CoreCounts,
    across: Mapping[int, int],
    places: Mapping[int, Mapping[str, float]],
    names: Mapping[str, str],
) -> dict[str, Any]:
    nodes = [
        (across[level.cores], places[level.cores][identity], level, identity)
        for level in core_counts.levels
        for identity in level.classes
    ]
    return {
        "type": "scatter",
        "mode": "markers+text",
        "showlegend": False,
        "x": [x for x, _, _, _ in nodes],
        "y": [y for _, y, _, _ in nodes],
        "text": [names[identity] for _, _, _, identity in nodes],
        "textposition": "top center",
        "cliponaxis": False,
        "hoverinfo": "text",
        "hovertext": [_hover(level, identity, names) for _, _, level, identity in nodes],
        "marker": {"size": 13},
        "meta": 0,
    }


def _hover(level: CoreLevel, identity: str, names: Mapping[str, str]) -> str:
    held = [figure(name) for name, identities in level.generations if identity in identities]
    head = f"class {names[identity]} at {level.cores}: {counted(len(held), 'generation')}"
    return "<br>".join([head, *held[:MOST]])
