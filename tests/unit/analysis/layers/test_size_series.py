from __future__ import annotations

from typing import Any

from orchestrator.analysis.layers.model_size import series_of
from orchestrator.results.record import Observation, WorkloadRecord
from tests.unit.analysis.records import record


def of_workload(label: str, **workload: Any) -> Observation:
    return record("p", [])._replace(workload=WorkloadRecord(label, label, **workload))


def test_sizes_are_no_part_of_a_series() -> None:
    small = of_workload("s", name="conv", arguments={"kernel": 3, "size": 8, "filters": 1})
    large = of_workload(
        "l", name="conv", arguments={"kernel": 3, "height": 80, "width": 9, "filters": 1}
    )
    other = of_workload("o", name="conv", arguments={"kernel": 5, "size": 8})
    assert series_of([small, large, other, small]) == {
        "s": "conv filters=1 kernel=3",
        "l": "conv filters=1 kernel=3",
        "o": "conv kernel=5",
    }


def test_an_imported_workload_has_its_label() -> None:
    assert series_of([of_workload("deep_weeds")]) == {"deep_weeds": "deep_weeds"}
