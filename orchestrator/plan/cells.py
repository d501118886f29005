"""Experiment → plan: all combinations in the experiment, filtered. Pure functions.

Cells come platform by platform, then workload, framework, input and variant, each in the order
of the file. ``include``, where given, drops every cell that none of its filters matches; then
``exclude`` drops every cell that one of its filters matches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from orchestrator.model import selection
from orchestrator.model.experiment import (
    Cell,
    Experiment,
    Filter,
    Installation,
    Json,
    Plan,
    Platform,
    Variant,
)
from orchestrator.plan.availability import available, not_available
from orchestrator.plan.cost import dollars, estimate_json, estimates, hourly, total


@dataclass(frozen=True)
class Batch:
    """Cells of one platform and one installation: one machine computes them in one container."""

    platform: Platform
    installation: Installation
    cells: tuple[Cell, ...]


class PlanRow(NamedTuple):
    """How much a plan has for one platform and one installation."""

    platform: str
    framework: str
    """With its version, where ``on`` names one."""
    cells: int
    """That are available."""
    sessions: int
    done: int
    """How many of the sessions the store already has."""
    not_available: int
    """How many cells more are known not to be had here: no session is asked of them."""


def make_plan(experiment: Experiment) -> Plan:
    """All cells of ``experiment``, in the order of the file, each id once."""
    filters = tuple(_Filter(f, keep=True) for f in experiment.include)
    filters += tuple(_Filter(f, keep=False) for f in experiment.exclude)
    installations = {each for _, all_ in experiment.workloads for each in all_}
    variants = {
        (each, has_gpu, is_file): _variants(some, each, has_gpu=has_gpu)
        for is_file, some in _by_precision(experiment).items()
        for each in installations
        for has_gpu in (False, True)
    }
    workload_values = [selection.of_workload(workload) for workload, _ in experiment.workloads]
    input_values = [selection.of_input(given) for given, _ in experiment.inputs]
    cells: dict[str, Cell] = {}
    for platform in experiment.platforms:
        on_platform = _narrow(filters, selection.of_platform(platform), _PLATFORM)
        has_gpu = platform.get("gpu") is not None
        for (workload, installations_of), of_workload in zip(
            experiment.workloads, workload_values, strict=True
        ):
            on_workload = _narrow(on_platform, of_workload, _WORKLOAD)
            for each in installations_of:
                on_framework = _narrow(on_workload, selection.of_installation(each), _FRAMEWORK)
                for (given, wanted), of_input in zip(experiment.inputs, input_values, strict=True):
                    if wanted is not None and workload.label not in wanted:
                        continue
                    left = _narrow(on_framework, of_input, _INPUT)
                    for variant, of_variant in variants[each, has_gpu, workload.is_file]:
                        if not _kept(_narrow(left, of_variant, _VARIANT), experiment):
                            continue
                        is_gpu = variant.device == "gpu"
                        observe = experiment.observe_gpu if is_gpu else experiment.observe_cpu
                        cell = Cell(platform, workload, given, variant, observe)
                        cells.setdefault(cell.id, cell)
    return Plan(experiment, tuple(cells.values()))


def group_batches(cells: Iterable[Cell]) -> tuple[Batch, ...]:
    """The cells of one platform and installation together, in the order of their first cell."""
    groups: dict[tuple[str, Installation], list[Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.platform.id, cell.variant.installation), []).append(cell)
    return tuple(
        Batch(group[0].platform, installation, tuple(group))
        for (_, installation), group in groups.items()
    )


def plan_rows(plan: Plan, done: Mapping[str, int]) -> tuple[PlanRow, ...]:
    """One row for each platform and installation. ``done``: cell id → sessions in the store."""
    return tuple(
        PlanRow(
            batch.platform.name,
            batch.installation.title,
            len(cells),
            sum(cell.observe.sessions for cell in cells),
            sum(_done(cell, done) for cell in cells),
            len(batch.cells) - len(cells),
        )
        for batch in group_batches(plan.cells)
        for cells in [available(batch.cells)]
    )


def reasons_not_available(plan: Plan) -> dict[str, int]:
    """Why cells of ``plan`` are not available, and how many of each reason."""
    reasons = (not_available(cell) for cell in plan.cells)
    return Counter(reason.message for reason in reasons if reason is not None)


def plan_json(plan: Plan, done: Mapping[str, int]) -> dict[str, Json]:
    """The plan for other programs: totals, rows, and every cell by id and labels.

    ``done``: cell id → sessions in the store. ``machines`` counts the platforms with sessions left;
    ``cost`` is an estimate in US dollars, ``null`` where a price is not known; ``estimate`` holds
    its parts. Cells that are not available are counted apart and listed with the reason; no total
    has them.
    """
    rows = plan_rows(plan, done)
    cells = available(plan.cells)
    estimate = estimate_json(estimates(cells, done))
    return {
        "schema": 1,
        "experiment": plan.experiment.name,
        "cells": len(cells),
        "not_available": len(plan.cells) - len(cells),
        "machines": _machines(cells, done),
        "sessions": sum(row.sessions for row in rows),
        "done": sum(row.done for row in rows),
        "cost": estimate["cost"],
        "estimate": estimate,
        "rows": [
            {
                "platform": row.platform,
                "framework": row.framework,
                "cells": row.cells,
                "sessions": row.sessions,
                "done": row.done,
                "not_available": row.not_available,
            }
            for row in rows
        ],
        "plan": [_cell_json(cell, done) for cell in plan.cells],
    }


def over_limit(plan: Plan, done: Mapping[str, int]) -> str | None:
    """Why the rest of ``plan`` may not start under its ``limits``; ``None``: it may.

    ``done``: cell id → sessions in the store. Machines without a known price are not counted.
    """
    limits = plan.experiment.limits
    found = estimates(available(plan.cells), done)
    whole = total(found)
    if limits.cost is not None and whole.cost > limits.cost:
        return (
            f"the plan costs {whole.label} by estimate, over the limit of "
            f"{dollars(limits.cost)} USD: ask for less, or raise limits: cost"
        )
    rate = hourly(found, limits.machines)
    if limits.cost_per_hour is not None and rate > limits.cost_per_hour:
        return (
            f"its machines cost {dollars(rate)} USD an hour together, over the limit of "
            f"{dollars(limits.cost_per_hour)} USD: lower limits: machines, or raise "
            "limits: cost_per_hour"
        )
    return None


def _cell_json(cell: Cell, done: Mapping[str, int]) -> Json:
    reason = not_available(cell)
    return {
        "cell": cell.id,
        "platform": cell.platform.name,
        "workload": cell.workload.label,
        "input": cell.input.label,
        "variant": cell.variant.label,
        "framework": cell.variant.framework,
        "sessions": 0 if reason else cell.observe.sessions,
        "done": _done(cell, done),
        "not_available": reason.message if reason else None,
    }


def _done(cell: Cell, done: Mapping[str, int]) -> int:
    return min(done.get(cell.id, 0), cell.observe.sessions)


def _machines(cells: Sequence[Cell], done: Mapping[str, int]) -> int:
    return len({c.platform.id for c in cells if _done(c, done) < c.observe.sessions})


def _by_precision(experiment: Experiment) -> dict[bool, list[Variant]]:
    """The variants of workloads that are model files (``True``), and of those that are not."""
    workloads = {workload.is_file: workload for workload, _ in experiment.workloads}
    return {
        is_file: [variant.for_workload(workload) for variant in experiment.variants]
        for is_file, workload in workloads.items()
    }


def _variants(
    variants: Sequence[Variant], installation: Installation, *, has_gpu: bool
) -> list[tuple[Variant, selection.Values]]:
    """The variants of an installation, it and the device filled in, with values for filters."""
    completed = [
        replace(
            variant,
            framework=installation.framework,
            pin=installation.pin,
            requires=installation.requires,
            device=("gpu" if has_gpu else "cpu") if variant.device == "auto" else variant.device,
        )
        for variant in variants
        if variant.framework == ""
        or (variant.framework, variant.pin) == (installation.framework, installation.pin)
    ]
    return [(variant, selection.of_variant(variant)) for variant in completed]


_PLATFORM = selection.PLATFORM_FIELDS
_WORKLOAD = frozenset({"model"})
_FRAMEWORK = frozenset({"on"})
_INPUT = frozenset({"input"})
_VARIANT = selection.VARIANT_FIELDS | {"environment", "flags"}


@dataclass(frozen=True)
class _Filter:
    """A filter, and whether it keeps matching cells (``include``) or drops them."""

    fields: Filter
    keep: bool


def _narrow(
    filters: tuple[_Filter, ...], values: selection.Values, fields: frozenset[str]
) -> tuple[_Filter, ...]:
    """The filters that match these values too; called once per part, not once per cell."""
    if not filters:
        return filters
    return tuple(f for f in filters if selection.matches(f.fields, values, fields=fields))


def _kept(matching: tuple[_Filter, ...], experiment: Experiment) -> bool:
    if any(not wanted.keep for wanted in matching):
        return False
    return not experiment.include or bool(matching)
