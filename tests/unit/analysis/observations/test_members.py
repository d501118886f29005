"""What is compared becomes the member; all else stays fixed, and nothing is lost or mixed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.analysis.classes.partition import partitions
from orchestrator.analysis.observations.members import (
    ALL_INPUTS,
    ALL_WORKLOADS,
    NO_SETTINGS,
    regrouped,
)
from orchestrator.analysis.observations.table import observations_table
from orchestrator.model.experiment import COMPARABLE, Variant, pairs
from orchestrator.results.partitions import Partition
from orchestrator.results.record import MemberRecord, Observation, VariantRecord
from tests.unit.analysis.records import A, B, C, record


def variant_record(variant: Variant) -> VariantRecord:
    return VariantRecord(
        id=variant.id,
        label=variant.label,
        framework=variant.framework,
        precision=variant.precision,
        threads=variant.threads,
        batch=variant.batch,
        device=variant.device,
        environment=dict(variant.environment),
        flags=dict(variant.flags),
        pin=variant.pin,
        requires=variant.requires,
        row=variant.row,
        stated=variant.stated,
    )


def observed(
    platform: str = "local",
    workload: str = "net",
    given: str = "digits:0",
    group: str | None = None,
    **settings: Any,
) -> Observation:
    found = record(platform, [A], workload=workload, given=given)
    made = variant_record(Variant(**{"framework": "torch"} | settings))
    return found._replace(
        cell=f"{platform}/{workload}/{given}/{made.id}",
        variant=made,
        workload=replace(found.workload, group=group),
    )


def labels(rows: list[Observation]) -> list[tuple[str, ...]]:
    return [(r.platform.label, r.workload.label, r.input.label, r.variant.label) for r in rows]


TWO: dict[str, tuple[list[Observation], list[str], set[tuple[str, str, str]]]] = {
    "platform": (
        [observed("local"), observed("mask/sse4")],
        ["local", "mask/sse4"],
        {("net", "digits:0", "torch float32")},
    ),
    "on": (
        [observed(), observed(framework="onnxruntime", pin="==1.20.1")],
        ["torch", "onnxruntime==1.20.1"],
        {("net", "digits:0", "float32")},
    ),
    "threads": (
        [observed(), observed(threads=4)],
        ["threads=default", "threads=4"],
        {("net", "digits:0", "torch float32")},
    ),
    "batch": (
        [observed(batch=1, row="0"), observed(batch=8, row="0")],
        ["batch=1", "batch=8"],
        {("net", "digits:0", "torch float32 row=0")},
    ),
    "flags": (
        [observed(), observed(flags=pairs({"optimization": "all"}))],
        ["flags=default", "optimization=all"],
        {("net", "digits:0", "torch float32")},
    ),
    "environment": (
        [observed(), observed(environment=pairs({"XLA_FLAGS": "--a --b"}))],
        ["environment=default", "XLA_FLAGS=--a --b"],
        {("net", "digits:0", "torch float32")},
    ),
    "precision": (
        [observed(), observed(precision="float16")],
        ["float32", "float16"],
        {("net", "digits:0", "torch")},
    ),
    "device": (
        [observed(), observed(device="gpu")],
        ["cpu", "gpu"],
        {("net", "digits:0", "torch float32")},
    ),
    "workload": (
        [observed(workload="a"), observed(workload="b")],
        ["a", "b"],
        {(ALL_WORKLOADS, "digits:0", "torch float32")},
    ),
    "input": (
        [observed(given="x"), observed(given="y")],
        ["x", "y"],
        {("net", ALL_INPUTS, "torch float32")},
    ),
}


def test_every_axis_is_here() -> None:
    assert set(TWO) == set(COMPARABLE)


@pytest.mark.parametrize("axis", COMPARABLE)
def test_an_axis_makes_the_members_of_one_computation(axis: str) -> None:
    rows, members, fixed = TWO[axis]
    found = labels(regrouped(rows, [axis]))
    assert [member for member, *_ in found] == members
    assert {tuple(rest) for _, *rest in found} == fixed


def test_platforms_that_are_not_compared_are_apart() -> None:
    rows = [observed(p, threads=t) for p in ("local", "far") for t in (1, 2)]
    found = labels(regrouped(rows, ["threads"]))
    assert [label[3] for label in found] == [
        f"torch float32 on {p}" for p in ("local", "far") for _ in (1, 2)
    ]
    assert {label[0] for label in found} == {"threads=1", "threads=2"}


def test_a_label_says_what_differs_and_nothing_more() -> None:
    rows = [observed("local", threads=1), observed("local", threads=4)]
    assert labels(regrouped(rows, ["platform", "threads"]))[1][0] == "threads=4"
    rows.append(observed("far", threads=4))
    assert labels(regrouped(rows, ["platform", "threads"]))[1][0] == "local threads=4"


def test_where_all_settings_are_compared_none_is_left() -> None:
    rows = [observed(), observed(framework="numpy", precision="float64")]
    assert {label[3] for label in labels(regrouped(rows, ["on", "precision"]))} == {NO_SETTINGS}


@pytest.mark.parametrize("axis", ["on", "workload"])
def test_the_files_of_one_computation_meet_under_its_label(axis: str) -> None:
    rows = [
        observed(workload="net a.pt2", group="net"),
        observed(workload="net a.onnx", group="net", framework="onnxruntime"),
    ]
    found = labels(regrouped(rows, [axis]))
    assert {label[1] for label in found} == {"net"}
    if axis == "on":
        assert [label[0] for label in found] == ["torch", "onnxruntime"]
        assert len({label[1:] for label in found}) == 1


def test_two_files_for_one_framework_are_two_members() -> None:
    rows = [observed(workload=f"net {name}", group="net") for name in ("a.pt2", "b.pt2")]
    rows.append(observed(workload="net a.onnx", group="net", framework="onnxruntime"))
    assert [label[0] for label in labels(regrouped(rows, ["on"]))] == [
        "torch net a.pt2",
        "torch net b.pt2",
        "onnxruntime",
    ]


def test_what_no_axis_names_is_told_apart_by_id() -> None:
    one = observed(threads=1)
    other = one._replace(variant=replace(one.variant, id="other"), cell="other")
    found = regrouped([one, other], ["threads"])
    assert len({row.platform.label for row in found}) == 2
    assert all(" #" in label or label == "threads=1" for label, *_ in labels(found))


def test_the_platform_itself_stays_known() -> None:
    (row,) = regrouped([observed("local", threads=2)], ["threads"])
    assert isinstance(row.platform, MemberRecord)
    assert row.platform.asked is not None
    assert row.platform.asked.label == "local"
    assert row.variant.threads == 2


EVERYTHING = [
    observed(p, w, i, group=g, framework=f, threads=t, batch=b, precision=c, flags=pairs(o))
    for p, (w, g), i, f, t, b, c, o in product(
        ("p", "q"),
        (("a", None), ("n x", "n"), ("n y", "n")),
        ("i", "j"),
        ("numpy", "torch"),
        (None, 2),
        (None, 4),
        ("float16", "float32"),
        ({}, {"level": "all"}),
    )
]


@given(st.lists(st.sampled_from(COMPARABLE), min_size=1, unique=True), st.data())
def test_no_observation_is_lost_and_no_two_cells_are_mixed(
    axes: list[str], data: st.DataObject
) -> None:
    rows = data.draw(st.lists(st.sampled_from(EVERYTHING), min_size=1, max_size=40, unique_by=id))
    found = regrouped(rows, axes)
    assert [row.cell for row in found] == [row.cell for row in rows]
    assert [row.outputs for row in found] == [row.outputs for row in rows]
    assert len(set(labels(found))) == len({row.cell for row in rows})
    for a, b in zip(found, rows, strict=True):
        assert a._replace(
            platform=b.platform, workload=b.workload, input=b.input, variant=b.variant
        ) == b._replace(outputs=a.outputs)


AS_MEMBER: dict[str, tuple[dict[str, Any], ...]] = {
    "platform": ({"platform": "p"}, {"platform": "q"}, {"platform": "r"}),
    "workload": ({"workload": "a"}, {"workload": "b"}, {"workload": "c"}),
    "input": ({"given": "x"}, {"given": "y"}, {"given": "z"}),
    "on": ({}, {"framework": "numpy"}, {"framework": "torch", "pin": "==2.1"}),
    "threads": ({}, {"threads": 1}, {"threads": 2}),
    "batch": ({}, {"batch": 4}, {"batch": 8}),
    "flags": tuple({"flags": pairs(flags)} for flags in ({}, {"level": "all"}, {"x": "y"})),
    "precision": ({}, {"precision": "float16"}, {"precision": "float64"}),
}
"""By axis, what makes three members, all else being equal."""
FIXED = tuple({"environment": pairs(each)} for each in ({}, {"K": "1"}, {"K": "2"}))

Rows = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(0, 2),
        st.integers(0, 3),
        st.sampled_from([A, B, C, None]),
    ),
    min_size=1,
    unique_by=lambda row: row[:3],
)
"""Member, computation and session, and what came out; ``None``: nothing did."""


@pytest.mark.parametrize("axis", AS_MEMBER)
@settings(max_examples=30, deadline=None)
@given(Rows, st.booleans())
def test_the_partitions_along_an_axis_are_those_of_as_many_platforms(
    axis: str, rows: list[tuple[int, int, int, Any]], strict: bool
) -> None:
    def made(along: str) -> list[Observation]:
        return [
            observed(**AS_MEMBER[along][member], **FIXED[fixed])._replace(
                session=session,
                status="failed" if came is None else "ok",
                outputs=record("p", [] if came is None else [came]).outputs,
            )
            for member, fixed, session, came in rows
        ]

    plain, found = made("platform"), regrouped(made(axis), [axis])
    member = one_to_one(
        (new.platform.label, old.platform.label) for new, old in zip(found, plain, strict=True)
    )
    place = one_to_one(
        (new[1:], old[1:]) for new, old in zip(labels(found), labels(plain), strict=True)
    )
    assert [
        renamed(each, member, place)
        for each in partitions(observations_table(found), strict=strict)
    ] == list(partitions(observations_table(plain), strict=strict))


def one_to_one(both: Iterable[tuple[Any, Any]]) -> dict[Any, Any]:
    pairs_found = set(both)
    found = dict(pairs_found)
    assert len(pairs_found) == len(found) == len(set(found.values()))
    return found


def renamed(found: Partition, member: dict[str, str], place: dict[Any, Any]) -> Partition:
    """With the names that platforms and computations had before, in their order."""
    workload, given, variant = place[found.workload, found.input, found.variant]

    def back(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted(member[name] for name in names))

    return replace(
        found,
        workload=workload,
        input=given,
        variant=variant,
        classes=tuple(replace(each, platforms=back(each.platforms)) for each in found.classes),
        nondeterministic=back(found.nondeterministic),
        missing=tuple(
            sorted(
                (replace(each, platform=member[each.platform]) for each in found.missing),
                key=lambda each: each.platform,
            )
        ),
    )


def test_a_file_as_stored_and_a_builtin_in_float32_are_members_of_one_partition() -> None:
    rows = [observed(workload="builtin"), observed(workload="file", precision="stored")]
    # The reader of records tells the two by their ids.
    rows[1] = rows[1]._replace(variant=replace(rows[1].variant, id="stored"))
    found = regrouped(rows, ["workload"])
    assert labels(found) == [
        ("builtin", ALL_WORKLOADS, "digits:0", "torch float32"),
        ("file", ALL_WORKLOADS, "digits:0", "torch float32"),
    ]
    by_precision = labels(regrouped(rows, ["precision"]))
    assert [each[0] for each in by_precision] == ["float32", "as stored"]
    # Where a file was asked for float32, that is what a builtin is compared with.
    asked = observed(workload="file", stated=True)
    three = labels(regrouped([*rows, asked], ["workload"]))
    assert [each[3] for each in three] == ["torch float32", "torch as stored", "torch float32"]
