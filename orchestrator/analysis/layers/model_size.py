"""Classes and remaining precision beside the number of multiplications (Figure 4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from orchestrator.results.layers import SizeRow
from orchestrator.results.partitions import Partition
from orchestrator.results.record import Observation

Multiplications = Mapping[tuple[str, str, str], frozenset[int]]
"""What records say, by the labels of (workload, input, variant); more than one: they disagree."""


def by_multiplications(
    partitions: Iterable[Partition], multiplications: Multiplications
) -> tuple[SizeRow, ...]:
    """One row per partition, the fewest multiplications first, those not known last."""
    rows = [_row(partition, multiplications) for partition in partitions]
    return tuple(
        sorted(rows, key=lambda row: (row.multiplications is None, row.multiplications or 0))
    )


def multiplications_of(records: Iterable[Observation]) -> Multiplications:
    """Every number that ``records`` give for a computation."""
    found: dict[tuple[str, str, str], set[int]] = {}
    for record in records:
        number = record.model.multiplications
        if isinstance(number, int):
            key = (record.workload.label, record.input.label, record.variant.label)
            found.setdefault(key, set()).add(number)
    return {key: frozenset(numbers) for key, numbers in found.items()}


def _row(partition: Partition, multiplications: Multiplications) -> SizeRow:
    numbers = multiplications.get(partition.key[:3], frozenset())
    note = None
    if len(numbers) > 1:
        note = f"records disagree: {', '.join(str(number) for number in sorted(numbers))}"
    elif not numbers:
        note = "no record says how many"
    return SizeRow(
        *partition.key,
        multiplications=next(iter(numbers)) if len(numbers) == 1 else None,
        platforms=sum(len(group.platforms) for group in partition.classes),
        classes=len(partition.classes),
        remaining_precision=partition.remaining_precision,
        mantissa_bits=partition.mantissa_bits,
        note=note,
    )


SIZES = frozenset({"size", "height", "width"})
"""Arguments of a model that make it larger and nothing else."""


def series_of(records: Iterable[Observation]) -> dict[str, str]:
    """The series by workload label: the model's name and its arguments but for the size.

    Workloads of one series lie on one line of the figure, e.g. ``conv filters=3 kernel=2``.
    """
    found: dict[str, str] = {}
    for record in records:
        workload = record.workload
        if workload.label not in found:
            arguments = workload.arguments
            words = [f"{name}={arguments[name]}" for name in sorted(arguments.keys() - SIZES)]
            found[workload.label] = " ".join([workload.name or workload.label, *words])
    return found
