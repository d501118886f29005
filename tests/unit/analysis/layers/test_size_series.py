from __future__ import annotations

from orchestrator.analysis.layers.model_size import series_of


def record(label: str, **workload: object) -> dict[str, object]:
    return {"workload": {"id": label, "label": label, **workload}}


def test_sizes_are_no_part_of_a_series() -> None:
    small = record("s", name="conv", arguments={"kernel": 3, "size": 8, "filters": 1})
    large = record(
        "l", name="conv", arguments={"kernel": 3, "height": 80, "width": 9, "filters": 1}
    )
    other = record("o", name="conv", arguments={"kernel": 5, "size": 8})
    assert series_of([small, large, other, small]) == {
        "s": "conv filters=1 kernel=3",
        "l": "conv filters=1 kernel=3",
        "o": "conv kernel=5",
    }


def test_an_imported_workload_has_its_label() -> None:
    assert series_of([record("deep_weeds")]) == {"deep_weeds": "deep_weeds"}
