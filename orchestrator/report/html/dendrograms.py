"""The page's section of dendrograms, as Plotly JSON; colours are set by the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from orchestrator.report.escape import figure
from orchestrator.report.html.parts import (
    Block,
    CellValue,
    Drawing,
    Figure,
    Grid,
    Section,
    grid,
    section,
)
from orchestrator.report.words import column_name, finding
from orchestrator.results.comparison import PLATFORM, Noun
from orchestrator.results.partitions import Branch, EqClass, Partition, Summary
from orchestrator.system.counted import counted

COMMAND = "eqc report STORE --format json"


def dendrograms_section(summary: Summary) -> Section:
    """One dendrogram for each partition with several classes."""
    named = list(zip(summary.table.letters, summary.partitions, strict=True))
    alone = [f"{letter} ({finding(one, summary.noun)})" for letter, one in named if not _apart(one)]
    blocks = [
        _block(letter, partition, summary.noun) for letter, partition in named if _apart(partition)
    ]
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


def _block(letter: str, partition: Partition, noun: Noun) -> Block:
    figure = dendrogram_figure(partition, noun)
    classes = len(partition.classes)
    label = f"Dendrogram of {counted(classes, 'class', 'classes')}; the same as a table below"
    lines = (
        (f"Of {classes} classes the closest are drawn as one, so that {MOST} leaves remain.",)
        if classes > MOST
        else ()
    )
    return Block(
        f"{letter} {column_name(partition.key)}: {finding(partition, noun)}",
        lines=lines,
        drawings=(Drawing(figure, label),) if figure else (),
        grids=(_grid(letter, partition, noun),),
    )


def _grid(letter: str, partition: Partition, noun: Noun) -> Grid:
    tree = partition.dendrogram
    return grid(
        f"dendrogram-{letter}",
        "Dendrogram as a table: what agrees on how many bits, from the root down",
        ("node", "bits that agree", "classes", "class id", noun.many),
        _rows(tree, partition, noun, ()) if tree else (),
        command=COMMAND,
    )


def _rows(
    branch: Branch, partition: Partition, noun: Noun, path: tuple[int, ...]
) -> Iterator[tuple[CellValue, ...]]:
    """The nodes in depth-first order; ``1.2`` is the second child of the first child."""
    name = ".".join(str(step) for step in path) or "root"
    numbers = tuple(str(number) for number in branch.classes)
    if branch.children:
        platforms = sum(len(partition.classes[n - 1].platforms) for n in branch.classes)
        yield name, branch.precision, numbers, None, f"{platforms} {noun.many}"
    else:
        group = partition.classes[branch.classes[0] - 1]
        yield name, branch.precision, numbers, group.id, group.platforms
    for step, child in enumerate(branch.children, start=1):
        yield from _rows(child, partition, noun, (*path, step))


MOST = 80
"""Leaves drawn; beyond, the classes that are closest are drawn as one leaf."""
_NAMED = 12
"""Platforms named when a pointer rests on a leaf; the table lists all."""
Point = tuple[float, float]


def dendrogram_figure(partition: Partition, noun: Noun = PLATFORM) -> Figure | None:
    """Classes by the mantissa bits they share; ``None`` where there is no more than one."""
    tree = partition.dendrogram
    if tree is None or not tree.children:
        return None
    tree = pruned(tree)
    leaves = list(_leaves(tree))
    rows = {leaf.classes: row for row, leaf in enumerate(leaves)}
    groups = {group.number: group for group in partition.classes}
    xs: list[float | None] = []
    ys: list[float | None] = []
    for segment in _segments(tree, rows):
        for x, y in segment:
            xs.append(x)
            ys.append(y)
        xs.append(None)
        ys.append(None)
    # A float of exponents alone (float8_e8m0fnu) has no mantissa bits, an axis has some length.
    bits = partition.mantissa_bits or tree.precision or 1
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines",
                "x": xs,
                "y": ys,
                "hoverinfo": "skip",
                "line": {"width": 2, "shape": "linear"},
                "meta": 0,
            },
            {
                "type": "scatter",
                "mode": "markers",
                "x": [leaf.precision if len(leaf.classes) > 1 else bits for leaf in leaves],
                "y": list(range(len(leaves))),
                "hoverinfo": "text",
                "hovertext": [_members(leaf, groups, noun) for leaf in leaves],
                "marker": {"size": 8},
                "meta": 0,
            },
        ],
        "layout": {
            "height": 90 + 26 * len(leaves),
            "xaxis": {
                "title": {"text": "leading mantissa bits that agree"},
                "range": [-bits * 0.03, bits * 1.03],
                "dtick": tick(bits),
                "zeroline": False,
            },
            "yaxis": {
                "tickvals": list(range(len(leaves))),
                "ticktext": [_leaf(leaf, groups) for leaf in leaves],
                "range": [len(leaves) - 0.5, -0.5],
                "showgrid": False,
                "zeroline": False,
                "automargin": True,
            },
        },
    }


def pruned(tree: Branch, most: int = MOST) -> Branch:
    """The tree with at most ``most`` leaves, if its root has no more children than that.

    Nodes at which classes agree on the most bits become leaves first.
    """
    nodes = sorted(_inner(tree), key=lambda node: node.precision)
    opened: set[tuple[int, ...]] = set()
    leaves = 1
    for node in nodes:
        more = len(node.children) - 1
        if opened and leaves + more > most:
            break
        leaves += more
        opened.add(node.classes)
    return _cut(tree, opened)


def tick(bits: int) -> int:
    """Steps of an axis of mantissa bits."""
    return 1 if bits <= 10 else 2 if bits <= 23 else 4


def _inner(branch: Branch) -> Iterator[Branch]:
    if branch.children:
        yield branch
    for child in branch.children:
        yield from _inner(child)


def _cut(branch: Branch, opened: set[tuple[int, ...]]) -> Branch:
    if branch.classes not in opened:
        return Branch(branch.precision, branch.classes)
    children = tuple(_cut(child, opened) for child in branch.children)
    return Branch(branch.precision, branch.classes, children)


def _leaves(branch: Branch) -> Iterator[Branch]:
    if not branch.children:
        yield branch
    for child in branch.children:
        yield from _leaves(child)


def _segments(branch: Branch, rows: Mapping[tuple[int, ...], int]) -> Iterator[tuple[Point, Point]]:
    """A bar at the node's precision, and an arm from it to each child."""
    heights = [_height(child, rows) for child in branch.children]
    if not heights:
        return
    yield (branch.precision, min(heights)), (branch.precision, max(heights))
    for child, height in zip(branch.children, heights, strict=True):
        yield (branch.precision, height), (child.precision, height)
        yield from _segments(child, rows)


def _height(branch: Branch, rows: Mapping[tuple[int, ...], int]) -> float:
    if not branch.children:
        return rows[branch.classes]
    heights = [_height(child, rows) for child in branch.children]
    return (min(heights) + max(heights)) / 2


def _leaf(leaf: Branch, groups: Mapping[int, EqClass]) -> str:
    platforms = sum(len(groups[number].platforms) for number in leaf.classes)
    if len(leaf.classes) > 1:
        return f"{len(leaf.classes)} classes ({platforms})"
    return f"class {leaf.classes[0]} ({platforms})"


def _members(leaf: Branch, groups: Mapping[int, EqClass], noun: Noun) -> str:
    found = [name for number in leaf.classes for name in groups[number].platforms]
    names = [figure(name) for name in found[:_NAMED]]
    rest = len(found) - len(names)
    more = [f"and {rest} more"] if rest > 0 else []
    numbers = ", ".join(str(number) for number in leaf.classes[:_NAMED])
    which = f"class {numbers}" if len(leaf.classes) == 1 else f"{len(leaf.classes)} classes"
    return "<br>".join([f"{which}: {noun.counted(len(found))}", *names, *more])
