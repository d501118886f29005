"""Which kernels ran, by platform and layer."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.catalog.kernels import kind_of
from orchestrator.model.experiment import Status
from orchestrator.results.kernels import KernelRecord, KernelUse, KernelUses
from orchestrator.results.record import Observation

Place = tuple[str, str, str, str]
"""Workload, input, variant, platform."""


def kernel_uses(records: Iterable[Observation]) -> KernelUses:
    """The kernels of all sessions of ``records``, in the order in which they ran first."""
    found: dict[Place, dict[KernelRecord, int]] = {}
    told: dict[Place, int] = {}
    untold: dict[str, int] = {}
    asked = perturbed = 0
    for record in records:
        kernels = record.kernels
        if record.status != Status.OK or kernels is None:
            continue
        asked += 1
        perturbed += kernels.perturbed is True
        if kernels.reason is not None:
            untold[kernels.reason] = untold.get(kernels.reason, 0) + 1
        if not kernels.rows:
            continue
        place = place_of(record)
        told[place] = told.get(place, 0) + 1
        counts = found.setdefault(place, {})
        for row in dict.fromkeys(kernels.rows):
            counts[row] = counts.get(row, 0) + 1
    uses = tuple(
        KernelUse(*place, row, _words(row), sessions, told[place])
        for place, counts in found.items()
        for row, sessions in counts.items()
    )
    return KernelUses(uses, asked, tuple(sorted(untold.items())), perturbed)


def place_of(record: Observation) -> Place:
    """Where a record stands in tables."""
    return (
        record.workload.label,
        record.input.label,
        record.variant.label,
        record.platform.label,
    )


def _words(row: KernelRecord) -> str | None:
    kind = kind_of(row.kernel, row.operation)
    return None if kind is None else str(kind)
