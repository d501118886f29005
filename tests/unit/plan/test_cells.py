from __future__ import annotations

import dataclasses
import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
from orchestrator.model.machine import CloudPlacement
from orchestrator.plan.cells import group_batches, make_plan, plan_json, plan_rows

NUMPY, TORCH = Installation("numpy"), Installation("torch")
LOCAL = Platform("local", "local")
HASWELL = Platform("emulated", "emulated/Haswell", pairs({"cpu": "Haswell", "arch": "x86_64"}))
C4 = Platform("aws", "aws/c4.large", pairs({"machine_type": "c4.large"}))
C5 = Platform("aws", "aws/c5.large", pairs({"machine_type": "c5.large"}))
T4 = Platform("aws", "aws/T4", pairs({"gpu": "T4"}))
SMALL = Workload("builtin", "cifar10-small", "small", weights="seed:1")
LENET = Workload("builtin", "lenet5", "lenet", weights="seed:1")
ZERO = Input("zero", (("input", "a" * 64, "/z"),))
ONE = Input("one", (("input", "b" * 64, "/o"),))


def experiment(**changes: object) -> Experiment:
    base = Experiment(
        name="x",
        workloads=((SMALL, (NUMPY, TORCH)), (LENET, (TORCH,))),
        inputs=((ZERO, None), (ONE, frozenset({"lenet"}))),
        platforms=(LOCAL, HASWELL, C4, C5),
        variants=(Variant("", device="auto"), Variant("torch", threads=2, device="auto")),
        include=(),
        exclude=(),
        observe_cpu=Observe(sessions=3),
        observe_gpu=Observe(sessions=33),
        limits=Limits(),
    )
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


def keys(plan: Plan) -> list[tuple[str, str, str, str, int | None]]:
    return [
        (c.platform.name, c.workload.label, c.variant.framework, c.input.label, c.variant.threads)
        for c in plan.cells
    ]


def wanted(**fields: object) -> Filter:
    named = {name.replace("__", "."): values for name, values in fields.items()}
    return Filter(
        tuple(
            (name, frozenset(values if isinstance(values, tuple) else (values,)))
            for name, values in named.items()
        )
    )


ON_ONE_PLATFORM = [
    ("small", "numpy", "zero", None),
    ("small", "torch", "zero", None),
    ("small", "torch", "zero", 2),
    ("lenet", "torch", "zero", None),
    ("lenet", "torch", "zero", 2),
    ("lenet", "torch", "one", None),
    ("lenet", "torch", "one", 2),
]


def test_cells_come_in_the_order_of_the_file() -> None:
    names = [p.name for p in (LOCAL, HASWELL, C4, C5)]
    expected = [(name, *rest) for name in names for rest in ON_ONE_PLATFORM]
    assert keys(make_plan(experiment())) == expected


@pytest.mark.parametrize(
    ("entry", "matching"),
    [
        (wanted(provider="aws"), lambda k: k[0].startswith("aws")),
        (wanted(platform=("local", "aws/c4.large")), lambda k: k[0] in ("local", "aws/c4.large")),
        (wanted(cpu="Haswell"), lambda k: k[0] == "emulated/Haswell"),
        (wanted(families="c4", on="torch"), lambda k: k[0] == "aws/c4.large" and k[2] == "torch"),
        (wanted(sizes="large"), lambda k: k[0].startswith("aws")),
        (wanted(machine_types="c5.large"), lambda k: k[0] == "aws/c5.large"),
        (wanted(model="lenet"), lambda k: k[1] == "lenet"),
        (wanted(model="builtin:lenet5"), lambda k: k[1] == "lenet"),
        (wanted(input="one"), lambda k: k[3] == "one"),
        (wanted(threads=2), lambda k: k[4] == 2),
        (wanted(threads=None), lambda k: k[4] is None),
        (wanted(precision="float32"), lambda k: True),
        (wanted(device="gpu"), lambda k: False),
        (wanted(environment__A=None), lambda k: True),
        (wanted(environment__A="1"), lambda k: False),
        (wanted(gpus="T4"), lambda k: False),
    ],
)
def test_include_keeps_and_exclude_drops_what_matches(entry: Filter, matching) -> None:
    everything = keys(make_plan(experiment()))
    included = keys(make_plan(experiment(include=(entry,))))
    excluded = keys(make_plan(experiment(exclude=(entry,))))
    assert included == [key for key in everything if matching(key)]
    assert excluded == [key for key in everything if not matching(key)]


def test_exclude_comes_after_include_and_entries_add_up() -> None:
    plan = make_plan(
        experiment(
            include=(wanted(platform="local"), wanted(cpu="Haswell")),
            exclude=(wanted(on="torch"), wanted(platform="local", model="lenet")),
        )
    )
    assert keys(plan) == [
        ("local", "small", "numpy", "zero", None),
        ("emulated/Haswell", "small", "numpy", "zero", None),
    ]


def test_variables_are_fields() -> None:
    variants = (Variant("", environment=pairs({"A": "1"})), Variant(""))
    plan = make_plan(experiment(variants=variants, exclude=(wanted(environment__A="1"),)))
    assert {cell.variant.environment for cell in plan.cells} == {()}


def test_the_device_follows_the_platform_unless_it_is_asked_for() -> None:
    plan = make_plan(experiment(platforms=(LOCAL, T4), variants=(Variant("", device="auto"),)))
    devices = {(c.platform.name, c.variant.device, c.observe.sessions) for c in plan.cells}
    assert devices == {("local", "cpu", 3), ("aws/T4", "gpu", 33)}
    plan = make_plan(experiment(platforms=(T4,), variants=(Variant("", device="cpu"),)))
    assert {(c.variant.device, c.observe.sessions) for c in plan.cells} == {("cpu", 3)}


def test_every_id_is_there_once() -> None:
    same = dataclasses.replace(ONE, label="again")
    plan = make_plan(experiment(platforms=(LOCAL, LOCAL), inputs=((ONE, None), (same, None))))
    ids = [cell.id for cell in plan.cells]
    assert len(ids) == len(set(ids)) == 5
    assert {cell.input.label for cell in plan.cells} == {"one"}


LABELS = st.text(min_size=1, max_size=8)


@settings(max_examples=100)
@given(st.randoms(use_true_random=False), LABELS, LABELS, LABELS, LABELS)
def test_ids_depend_on_content_alone(
    shuffler: random.Random, name: str, workload: str, given: str, platform: str
) -> None:
    base = experiment(inputs=((ZERO, None), (ONE, None)))

    def shuffled(items: tuple[object, ...]) -> tuple[object, ...]:
        copy = list(items)
        shuffler.shuffle(copy)
        return tuple(copy)

    renamed = dataclasses.replace(
        base,
        name=name,
        source=name,
        workloads=shuffled(
            tuple(
                (dataclasses.replace(w, label=f"{workload}{n}", path=name), shuffled(on))
                for n, (w, on) in enumerate(base.workloads)
            )
        ),
        inputs=shuffled(
            tuple(
                (
                    Input(given, tuple((t, sha, f"/{name}") for t, sha, _ in i.tensors)),
                    None,
                )
                for i, _ in base.inputs
            )
        ),
        platforms=shuffled(
            tuple(
                dataclasses.replace(p, name=f"{platform}{n}", placement=CloudPlacement(spot=True))
                for n, p in enumerate(base.platforms)
            )
        ),
        variants=shuffled(base.variants),
    )
    ids = [cell.id for cell in make_plan(renamed).cells]
    assert sorted(ids) == sorted(cell.id for cell in make_plan(base).cells)


def test_every_part_of_the_content_enters_the_id() -> None:
    cell = make_plan(experiment()).cells[0]
    others = [
        dataclasses.replace(cell, platform=HASWELL),
        dataclasses.replace(cell, workload=dataclasses.replace(SMALL, weights="seed:2")),
        dataclasses.replace(cell, workload=dataclasses.replace(SMALL, arguments=pairs({"a": 1}))),
        dataclasses.replace(cell, input=ONE),
        *(
            dataclasses.replace(cell, variant=dataclasses.replace(cell.variant, **change))
            for change in (
                {"framework": "torch"},
                {"precision": "float64"},
                {"threads": 1},
                {"batch": 1},
                {"device": "gpu"},
                {"environment": pairs({"A": "1"})},
                {"flags": pairs({"A": "1"})},
            )
        ),
    ]
    assert len({cell.id, *(other.id for other in others)}) == 1 + len(others)
    again = dataclasses.replace(cell, observe=Observe(sessions=99, layers=True))
    assert again.id == cell.id


def test_batches_hold_all_cells_of_one_platform_and_framework() -> None:
    cells = make_plan(experiment()).cells
    batches = group_batches(cells)
    assert [(b.platform.name, b.installation.label, len(b.cells)) for b in batches[:2]] == [
        ("local", "numpy", 1),
        ("local", "torch", 6),
    ]
    assert len(batches) == 8
    assert sorted(c.id for b in batches for c in b.cells) == sorted(c.id for c in cells)
    assert all(
        c.platform == b.platform and c.variant.installation == b.installation
        for b in batches
        for c in b.cells
    )


def test_rows_and_json_count_what_is_there() -> None:
    plan = make_plan(experiment(platforms=(LOCAL, HASWELL)))
    done = {plan.cells[0].id: 3, plan.cells[1].id: 2, plan.cells[2].id: 99, "other": 5}
    rows = plan_rows(plan, done)
    assert rows[0] == ("local", "numpy", 1, 3, 3, 0)
    assert rows[1] == ("local", "torch", 6, 18, 5, 0)
    document = plan_json(plan, done)
    totals = {key: document[key] for key in ("cells", "machines", "sessions", "done", "cost")}
    assert totals == {"cells": 14, "machines": 2, "sessions": 42, "done": 8, "cost": 0.0}
    all_local = {cell.id: 3 for cell in plan.cells if cell.platform is LOCAL}
    assert plan_json(plan, all_local)["machines"] == 1
    assert [entry["cell"] for entry in document["plan"]] == [c.id for c in plan.cells]  # type: ignore[union-attr,index,call-overload]


def test_a_cost_nobody_knows_is_null() -> None:
    m8i = Platform("aws", "aws/m8i.large", pairs({"machine_type": "m8i.large"}))
    assert plan_json(make_plan(experiment(platforms=(LOCAL, m8i))), {})["cost"] is None


def test_planning_many_cells_takes_no_time() -> None:
    """A generous limit that quadratic time would break; bench/plan.py measures 100,000 cells."""
    many = experiment(
        workloads=((SMALL, (NUMPY,)),),
        inputs=((ZERO, None),),
        platforms=tuple(Platform("ssh", f"p{n}", pairs({"host": f"p{n}"})) for n in range(100)),
        variants=tuple(Variant("", threads=n + 1) for n in range(100)),
        exclude=(wanted(threads=(1, 2)),),
    )
    start = time.perf_counter()
    assert len(make_plan(many).cells) == 9_800
    assert time.perf_counter() - start < 2
