from __future__ import annotations

from dataclasses import replace

from orchestrator.analysis.tables.hardware import (
    clusters_table,
    cpu_classes_table,
    flags_table,
    suspects_table,
)
from tests.unit.analysis.explain.described import of_cpu
from tests.unit.analysis.records import A, B, record
from tests.unit.analysis.tables.machines import FINGERPRINTS, fleet, found, rows

NET = "net · digits:0 · numpy float32"


def test_clusters_stand_beside_the_classes_of_each_generation() -> None:
    shown = {row["generation"]: row for row in rows(clusters_table(fleet()))}
    assert list(shown) == ["Zen 2", "Haswell", "Skylake server"]
    assert [row[NET] for row in shown.values()] == ["1", "2", "2, 3"]
    assert [row["avx512f"] for row in shown.values()] == ["", "", "x"]
    assert [row["sse4a"] for row in shown.values()] == ["x", "", ""]
    assert [row["platforms"] for row in shown.values()] == [2, 2, 2]


def test_a_generation_that_is_not_uniform_is_marked() -> None:
    lacking = of_cpu(FINGERPRINTS["haswell2"], flags=("sse2",))
    records = [record("p", [A], fingerprint="haswell2"), record("q", [B], fingerprint="lacking")]
    (row,) = rows(clusters_table(found(records, fingerprints={"lacking": lacking})))
    assert row["avx avx2 fma"] == "(x)"


def test_flags_have_clusters_and_meanings() -> None:
    table = flags_table(fleet())
    shown = {row["flag"]: row for row in rows(table)}
    assert shown["sse2"]["cluster"] == "C"
    assert shown["avx512f"]["cluster"] in {"0", "1"}
    assert (shown["avx512f"]["platforms"], shown["sse2"]["platforms"]) == (2, 6)
    assert table.notes[0].startswith("6 flags; 4 are common to all 6 platforms (C), the others")
    assert "2 clusters" in table.notes[0]


def test_a_platform_without_flags_is_named() -> None:
    findings = found([record("p", [A], fingerprint="rome2"), record("q", [A])])
    for table in (clusters_table(findings), flags_table(findings), cpu_classes_table(findings)):
        assert "q takes no part: no fingerprint" in table.notes


def test_cpu_classes_count_in_table_order() -> None:
    shown = rows(cpu_classes_table(fleet()))
    assert [row["platform"] for row in shown][:2] == ["rome2", "rome16"]
    assert [row["CPU class"] for row in shown] == [0, 1, 2, 3, 4, 5]
    assert shown[0]["core bin"] == "2-3"


def test_the_odd_one_out_is_listed_with_its_twins() -> None:
    records = [record(f"r{n}", [A], fingerprint="rome2") for n in range(3)]
    records += [record("broken", [B], fingerprint="rome2")]
    (row,) = rows(suspects_table(found(records)))
    assert (row["platform"], row["class"], row["class of twins"]) == ("broken", 1, 2)
    assert (row["twins"], row["names of twins"]) == (3, "r0, r1, r2")
    assert suspects_table(fleet()).rows == ()


def test_suspects_have_the_numbers_of_the_class_table() -> None:
    records = [record("z", [B], fingerprint="rome2"), record("a", [A], fingerprint="rome2")]
    records += [record(name, [A], fingerprint="rome2") for name in "bc"]
    findings = found(records)
    (row,) = rows(suspects_table(findings))
    numbers = {
        name: group.number
        for group in findings.summary.partitions[0].classes
        for name in group.platforms
    }
    assert (row["class"], row["class of twins"]) == (numbers["z"], numbers["a"]) == (2, 1)
    assert replace(findings, strict=True).explanations.items[0].outliers[0].platform == "z"
