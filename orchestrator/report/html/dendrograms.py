"""The page's section of dendrograms."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.report.html.figures_dendrogram import MOST, dendrogram_figure
from orchestrator.report.html.parts import Block, Drawing, Grid, Section, Value, grid, section
from orchestrator.report.words import column_name, finding
from orchestrator.results.partitions import Branch, Partition, Summary

COMMAND = "eqc report STORE --format json"


def dendrograms_section(summary: Summary) -> Section:
    """One dendrogram for each partition with several classes."""
    named = list(zip(summary.table.letters, summary.partitions, strict=True))
    alone = [f"{letter} ({finding(one)})" for letter, one in named if not _apart(one)]
    blocks = [_block(letter, partition) for letter, partition in named if _apart(partition)]
    return section(
        "dendrograms",
        "Dendrograms",
        "Two classes part where their outputs no longer share leading mantissa bits: the further "
        "right, the closer they are. Exact: remaining precision is an ultrametric, so no linkage "
        "rule is involved.",
        blocks,
        command=COMMAND,
        notes=[
            "No dendrogram, since there is nothing to tell apart or precision is not defined: "
            + ", ".join(alone[:20])
            + (f" and {len(alone) - 20} more" if len(alone) > 20 else "")
            if alone
            else None
        ],
        opened=3,
    )


def _apart(partition: Partition) -> bool:
    return partition.dendrogram is not None and bool(partition.dendrogram.children)


def _block(letter: str, partition: Partition) -> Block:
    figure = dendrogram_figure(partition)
    classes = len(partition.classes)
    label = f"Dendrogram of {classes} classes; the same as a table below"
    lines = (
        (f"Of {classes} classes the closest are drawn as one, so that {MOST} leaves remain.",)
        if classes > MOST
        else ()
    )
    return Block(
        f"{letter} {column_name(partition.key)}: {finding(partition)}",
        lines=lines,
        drawings=(Drawing(figure, label),) if figure else (),
        grids=(_grid(letter, partition),),
    )


def _grid(letter: str, partition: Partition) -> Grid:
    tree = partition.dendrogram
    return grid(
        f"dendrogram-{letter}",
        "Dendrogram as a table: what agrees on how many bits, from the root down",
        ("node", "bits that agree", "classes", "class id", "platforms"),
        _rows(tree, partition, ()) if tree else (),
        command=COMMAND,
    )


def _rows(
    branch: Branch, partition: Partition, path: tuple[int, ...]
) -> Iterator[tuple[Value, ...]]:
    """The nodes in depth-first order; ``1.2`` is the second child of the first child."""
    name = ".".join(str(step) for step in path) or "root"
    numbers = tuple(str(number) for number in branch.classes)
    if branch.children:
        platforms = sum(len(partition.classes[n - 1].platforms) for n in branch.classes)
        yield name, branch.precision, numbers, None, f"{platforms} platforms"
    else:
        group = partition.classes[branch.classes[0] - 1]
        yield name, branch.precision, numbers, group.id, group.platforms
    for step, child in enumerate(branch.children, start=1):
        yield from _rows(child, partition, (*path, step))
