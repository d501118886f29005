from __future__ import annotations

from dataclasses import replace

from orchestrator.analysis.layers.model_size import by_multiplications, multiplications_of
from orchestrator.results.record import ModelRecord, Observation
from tests.unit.analysis.classes.differences import partition
from tests.unit.analysis.records import record


def said(workload: str, number: int | None, given: str = "zeros") -> Observation:
    one = record("p", [], workload=workload, given=given)
    return one._replace(model=ModelRecord(multiplications=number))


def test_rows_are_in_the_order_of_the_numbers() -> None:
    small, large, silent = (
        replace(partition({"a": "p q", "b": "r"}), workload=name)
        for name in ("small", "large", "silent")
    )
    records = [said("large", 10**8), said("small", 1000), said("small", 1000), said("silent", None)]
    rows = by_multiplications([silent, large, small], multiplications_of(records))
    assert [(row.workload, row.multiplications) for row in rows] == [
        ("small", 1000),
        ("large", 10**8),
        ("silent", None),
    ]
    assert (rows[0].platforms, rows[0].classes, rows[0].remaining_precision) == (3, 2, 10)
    assert rows[2].note == "no record says how many"


def test_records_that_disagree_are_said_and_not_chosen_from() -> None:
    rows = by_multiplications(
        [replace(partition({}), workload="small")],
        multiplications_of([said("small", 1000), said("small", 2000)]),
    )
    assert rows[0].multiplications is None
    assert rows[0].note == "records disagree: 1000, 2000"


def test_each_input_has_its_own_number() -> None:
    found = multiplications_of([said("w", 1, "a"), said("w", 2, "b"), said("w", None, "c")])
    assert found == {
        ("w", "a", "numpy float32"): frozenset({1}),
        ("w", "b", "numpy float32"): frozenset({2}),
    }
