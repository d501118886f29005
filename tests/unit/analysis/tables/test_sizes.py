from __future__ import annotations

from orchestrator.analysis.tables.sizes import collapse_table, multiplications_table
from orchestrator.results.record import ModelRecord, VariantRecord
from tests.unit.analysis.records import A, B, C, record
from tests.unit.analysis.tables.machines import fleet, found, rows


def test_classes_fall_together_as_cores_are_added() -> None:
    shown = rows(collapse_table(fleet()))
    assert [(row["vendor"], row["cores"], row["classes"]) for row in shown] == [
        ("AMD", 2, 1),
        ("AMD", 16, 1),
        ("Intel", 2, 2),
        ("Intel", 16, 1),
    ]
    assert shown[2]["classes of generations"] == "Haswell: 2; Skylake server: 3"
    assert shown[3]["fallen together"] == "2 + 3 -> 2 (Haswell, Skylake server)"


def test_threads_fall_together_too() -> None:
    outputs = {(1, "haswell2"): A, (1, "skylake2"): B, (4, "haswell2"): C, (4, "skylake2"): C}
    records = []
    for (threads, name), array in outputs.items():
        variant = VariantRecord(f"{threads}", f"numpy threads={threads}", threads=threads)
        one = record(name, [array], fingerprint=name, variant=variant.label)
        records.append(one._replace(variant=variant))
    shown = [row for row in rows(collapse_table(found(records))) if row["by"] == "threads"]
    assert [(row["variant"], row["cores"], row["classes"]) for row in shown] == [
        ("numpy", 1, 2),
        ("numpy", 4, 1),
    ]
    assert shown[1]["fallen together"].endswith("(Haswell, Skylake server)")


def test_a_masked_platform_is_a_kind_of_its_own() -> None:
    records = [
        record("p", [A], fingerprint="rome2"),
        record("m", [B], fingerprint="rome2", masked="sse4"),
    ]
    (row,) = rows(collapse_table(found(records)))
    assert row["classes of generations"] == "Zen 2: 2; Zen 2, masked sse4: 1"


def test_platforms_without_a_place_are_named() -> None:
    table = collapse_table(found([record("p", [A])]))
    assert table.rows == ()
    assert table.notes[-1] == "cores or generation not known: p"


def test_multiplications_ascend_and_the_unknown_come_last() -> None:
    numbers = {"i0": None, "i1": 3, "i2": 7}
    records = [
        record("p", [A], given=given)._replace(model=ModelRecord(multiplications=number))
        for given, number in numbers.items()
    ]
    shown = rows(multiplications_table(found(records)))
    assert [(row["input"], row["multiplications"]) for row in shown] == [
        ("i1", 3),
        ("i2", 7),
        ("i0", None),
    ]
    assert shown[-1]["note"] == "no record says how many"
