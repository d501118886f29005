"""How long planning 100,000 cells takes, compared with only hashing as many ids: processor time."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator

from orchestrator.analysis.observations.members import regrouped
from orchestrator.model.experiment import (
    Experiment,
    Filter,
    Input,
    Installation,
    Limits,
    Observe,
    Plan,
    Platform,
    Variant,
    Workload,
    pairs,
)
from orchestrator.plan.cells import group_batches, make_plan
from orchestrator.results.record import PlannedRecord
from orchestrator.store.parse import parse_input, parse_platform, parse_variant, parse_workload
from orchestrator.store.records import (
    input_object,
    plan_document,
    platform_object,
    variant_object,
    workload_object,
)

CELLS = 100_000
LIMIT = 2.0


def experiment() -> Experiment:
    """100 platforms x 5 workloads x 2 frameworks x 10 inputs x 10 variants, and two filters."""
    return Experiment(
        name="bench",
        workloads=tuple(
            (
                Workload("builtin", "conv", f"w{n}", arguments=pairs({"size": n})),
                (Installation("numpy"), Installation("torch")),
            )
            for n in range(5)
        ),
        inputs=tuple((Input(f"i{n}", (("input", f"{n:064x}", "/x"),)), None) for n in range(10)),
        platforms=tuple(Platform("ssh", f"p{n}", pairs({"host": f"p{n}"})) for n in range(100)),
        variants=tuple(Variant("", threads=n, device="auto") for n in range(1, 11)),
        include=(Filter((("provider", frozenset({"ssh"})),)),),
        exclude=(Filter((("hosts", frozenset({"p0"})), ("threads", frozenset({99})))),),
        observe_cpu=Observe(),
        observe_gpu=Observe(),
        limits=Limits(),
    )


def main() -> None:
    start = time.process_time()
    plan = make_plan(experiment())
    planned = time.process_time() - start
    assert len(plan.cells) == CELLS
    start = time.process_time()
    text = json.dumps(plan_document(plan))
    written = time.process_time() - start
    start = time.process_time()
    batches = group_batches(plan.cells)
    grouped = time.process_time() - start
    print(f"plan: {len(batches)} batches")
    assert len(batches) == 200
    start = time.process_time()
    for cell in plan.cells:
        hashlib.blake2b(cell.platform.name.encode() * 8, digest_size=8).hexdigest()
    hashed = time.process_time() - start
    print(f"plan: {CELLS} cells in {planned:.2f} s (limit {LIMIT} s), {grouped:.2f} s to group")
    print(f"plan: {written:.2f} s to write plan.json ({len(text) / 1e6:.0f} MB)")
    print(f"plan: {planned / hashed:.1f} times the hashing of as many ids ({hashed:.2f} s)")
    assert planned <= LIMIT, "planning is too slow"
    cells = [
        PlannedRecord(cell.id, 3, *parts)
        for cell, parts in zip(plan.cells, parts_of(plan), strict=True)
    ]
    start = time.process_time()
    members = regrouped(cells, ("platform", "on", "threads"))
    compared = time.process_time() - start
    found = len({row.platform.id for row in members})
    print(f"plan: {compared:.2f} s to regroup them along three axes into {found} members")
    print(f"plan: {planned + compared:.2f} s to plan and regroup (limit {LIMIT} s in all)")
    assert found == 2_000
    assert planned + compared <= LIMIT, "planning with compare is too slow"


def parts_of(plan: Plan) -> Iterator[tuple[object, ...]]:
    """As ``plan.json`` has them, each part once."""
    made: dict[str, object] = {}
    for cell in plan.cells:
        yield tuple(
            made.get(part.id) or made.setdefault(part.id, parse(describe(part)))
            for part, describe, parse in (
                (cell.platform, platform_object, parse_platform),
                (cell.workload, workload_object, parse_workload),
                (cell.input, input_object, parse_input),
                (cell.variant, variant_object, parse_variant),
            )
        )


if __name__ == "__main__":
    main()
