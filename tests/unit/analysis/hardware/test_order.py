from __future__ import annotations

import random

from orchestrator.analysis.hardware.order import (
    capability,
    figure_order,
    in_table_order,
    table_order,
)
from orchestrator.results.fingerprint import Gpu
from tests.unit.analysis.records import A, record
from tests.unit.analysis.tables.machines import FINGERPRINTS, planned

RECORDS = [record(name, [A], fingerprint=name) for name in FINGERPRINTS]
BY_CORES = ("rome2", "rome16", "haswell2", "skylake2", "haswell16", "skylake16")


def test_the_order_does_not_depend_on_that_of_the_records() -> None:
    for seed in range(5):
        shuffled = random.Random(seed).sample(RECORDS, len(RECORDS))
        assert table_order(shuffled, (), FINGERPRINTS) == BY_CORES


def test_what_is_not_known_comes_last_by_name() -> None:
    more = [record("z", [A]), record("a", [A], fingerprint="gone"), *RECORDS]
    assert table_order(more, (), FINGERPRINTS) == (*BY_CORES, "a", "z")


def test_the_plan_comes_first() -> None:
    asked = (planned("silent"), planned("skylake2"))
    found = table_order(RECORDS, asked, FINGERPRINTS)
    assert found == ("silent", "skylake2", *(name for name in BY_CORES if name != "skylake2"))


def test_a_record_that_failed_does_not_hide_the_hardware() -> None:
    died = record("rome2", [], status="failed", reason={"code": "timeout", "message": "x"})
    assert table_order([died, *RECORDS], (), FINGERPRINTS) == BY_CORES


def test_figure_1_sorts_by_generation_before_cores() -> None:
    keys = figure_order(RECORDS, FINGERPRINTS)
    assert sorted(keys, key=lambda name: keys[name]) == [
        "rome2",
        "rome16",
        "haswell2",
        "haswell16",
        "skylake2",
        "skylake16",
    ]


def test_records_follow_the_order_and_keep_their_own() -> None:
    again = record("rome2", [A], fingerprint="rome2", session=1)
    found = in_table_order([*RECORDS, again], ("skylake2", "rome2"))
    assert [(one.platform.name, one.session) for one in found[:3]] == [
        ("skylake2", 0),
        ("rome2", 0),
        ("rome2", 1),
    ]


def test_compute_capabilities_are_numbers() -> None:
    assert capability(Gpu(compute_capability="7.5")) == (7.0, 5.0)
    assert capability(Gpu()) == capability(Gpu(compute_capability="x.y")) == (float("inf"),)
    assert capability(Gpu(compute_capability="10.0")) > capability(Gpu(compute_capability="8.9"))
