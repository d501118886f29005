"""The table of classes: platforms x partitions, as in the study's Table SUP-1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from orchestrator.results.partitions import NOT_AVAILABLE, ClassTable, Partition, TableCell


def class_table(partitions: Sequence[Partition], platforms: Sequence[str]) -> ClassTable:
    """Lay out ``partitions`` over ``platforms`` (the order of the rows).

    The first platform of a class, in that order, is marked; so is a cell equal to its left
    neighbour of the same workload and variant (class numbers of different computations have
    nothing to do with each other). Missing cells refer to a footnote.
    """
    footnotes: dict[str, int] = {}
    columns = [_column(partition, platforms, footnotes) for partition in partitions]
    for left, right, before, now in zip(
        columns[:-1], columns[1:], partitions[:-1], partitions[1:], strict=True
    ):
        if (before.workload, before.variant) == (now.workload, now.variant):
            _mark_repeated(left, right)
    return ClassTable(
        platforms=tuple(platforms),
        columns=tuple(partition.key for partition in partitions),
        letters=tuple(_letters(position) for position in range(len(partitions))),
        rows=tuple(tuple(column.get(platform) for column in columns) for platform in platforms),
        footnotes=tuple(footnotes),
    )


def _column(
    partition: Partition, platforms: Sequence[str], footnotes: dict[str, int]
) -> dict[str, TableCell]:
    numbers = {name: group.number for group in partition.classes for name in group.platforms}
    absent = {one.platform: one for one in partition.without_output}
    varying = frozenset(partition.nondeterministic)
    cells: dict[str, TableCell] = {}
    met: set[int] = set()
    for platform in platforms:
        if platform in numbers:
            number = numbers[platform]
            cells[platform] = TableCell(number, platform in varying, number not in met)
            met.add(number)
        elif platform in absent:
            one = absent[platform]
            available = one.status != NOT_AVAILABLE
            why = f"{one.status if available else 'not available'}: {one.reason}"
            note = footnotes.setdefault(why, len(footnotes) + 1)
            cells[platform] = TableCell(None, footnote=note, available=available)
    return cells


def _mark_repeated(left: dict[str, TableCell], right: dict[str, TableCell]) -> None:
    for platform, cell in right.items():
        other = left.get(platform)
        if cell.number is not None and other is not None and other.number == cell.number:
            right[platform] = replace(cell, repeated=True)


def _letters(position: int) -> str:
    """0 → a, 25 → z, 26 → aa: letters, since the cells are numbers."""
    letters = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(ord("a") + rest) + letters
    return letters
