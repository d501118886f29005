"""The page's sections on the number of cores and on the size of models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from orchestrator.report.html.figures_collapse import MOST, collapse_figure
from orchestrator.report.html.model_size import sizes_figure
from orchestrator.report.html.parts import Block, Drawing, Section, grid, section
from orchestrator.report.words import column_name, counted
from orchestrator.results.details import Details
from orchestrator.results.layers import Collapse, SizeRow
from orchestrator.results.partitions import Partition, Summary

COMMAND = "eqc report STORE --show collapse"


def collapse_section(summary: Summary, details: Details) -> Section:
    """How classes fall together as cores or threads are added."""
    partitions = {partition.key: partition for partition in summary.partitions}
    part = details.collapses
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
    number: int, found: Collapse, partitions: Mapping[tuple[str, str, str, str], Partition]
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
        lines.append(f"{len(generations) - MOST} more generations are in the table only.")
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


def _class_names(found: Collapse, partition: Partition | None) -> dict[str, str]:
    """By id: the number where one partition holds all, else the start of the id."""
    numbers = {group.id: group.number for group in partition.classes} if partition else {}
    return dict(_named(found, numbers))


def _named(found: Collapse, numbers: Mapping[str, int]) -> Iterator[tuple[str, str]]:
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
