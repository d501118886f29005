from __future__ import annotations

from dataclasses import replace

from orchestrator.analysis.tables.classes import (
    PRESENTED,
    counts_table,
    partitions_table,
    platforms_table,
)
from orchestrator.results.fingerprint import PresentedCpu, Silicon
from orchestrator.results.record import VariantRecord
from orchestrator.results.table import ColumnKind
from tests.unit.analysis.records import A, B, C, record
from tests.unit.analysis.tables.machines import fingerprint, fleet, found, planned, rows

NET = "net · digits:0 · numpy float32"


def test_platforms_stand_by_vendor_cores_and_generation() -> None:
    shown = rows(platforms_table(fleet()))
    names = [row["platform"] for row in shown]
    assert names == ["rome2", "rome16", "haswell2", "skylake2", "haswell16", "skylake16"]
    assert [row[NET].number for row in shown] == [1, 1, 2, 3, 2, 2]
    assert [row[NET].first for row in shown] == [True, False, True, True, False, False]
    assert [row["CPU class"] for row in shown] == [0, 1, 2, 3, 4, 5]
    first = shown[0]
    about = [first[key] for key in ("kind", "vendor", "cores", "generation", "device", "memory")]
    assert about == ["hardware", "AMD", 2, "Zen 2", "CPU rome", 7.9]


def test_planned_platforms_keep_the_plans_order() -> None:
    shown = rows(platforms_table(fleet(planned=(planned("skylake16"), planned("silent")))))
    assert [row["platform"] for row in shown][:3] == ["skylake16", "silent", "rome2"]
    assert shown[1][NET].footnote == 1
    assert platforms_table(fleet(planned=(planned("silent"),))).notes[-1] == (
        "[1] missing: not observed"
    )


def test_non_determinism_and_repetition_are_marked() -> None:
    records = [record("p", [array], session=n) for n, array in enumerate((A, A, B))]
    records += [record("p", [A], given="digits:1"), record("q", [C])]
    first, second = platforms_table(found(records)).rows
    assert (first[-2].nondeterministic, first[-2].number) == (True, 1)
    assert first[-1].repeated
    assert second[-1] is None


def test_gpus_come_last_in_the_order_of_their_generations() -> None:
    fingerprints = {
        name: fingerprint("haswell", 2, [{"name": name, "compute_capability": capability}])
        for name, capability in (("T4", "7.5"), ("K80", [3, 7]), ("odd", None))
    }
    records = [
        record(name, [A], fingerprint=name)._replace(
            variant=VariantRecord("g", "gpu", device="gpu")
        )
        for name in fingerprints
    ]
    records.append(record("plain", [B], fingerprint="skylake2"))
    shown = rows(platforms_table(found(records, fingerprints=fingerprints)))
    assert [row["platform"] for row in shown] == ["plain", "K80", "T4", "odd"]
    assert [row["GPU generation"] for row in shown] == [None, "Kepler", "Turing", None]


def test_what_is_no_hardware_says_so() -> None:
    records = [
        record("m", [A], fingerprint="rome2", masked="avx"),
        record("e", [A], fingerprint="rome2", emulated="Haswell"),
        record("u", [A]),
    ]
    kinds = {row["platform"]: row["kind"] for row in rows(platforms_table(found(records)))}
    assert kinds == {"m": "masked avx", "e": "emulated Haswell", "u": "unknown"}


def test_a_presented_cpu_says_what_computed() -> None:
    seen = fingerprint("haswell", 2)
    shown = replace(seen, presented=PresentedCpu("Haswell", host=Silicon(brand="EPYC 9B45")))
    records = [record("p", [A], fingerprint="p"), record("h", [A], fingerprint="h")]
    table = platforms_table(found(records, fingerprints={"p": shown, "h": seen}))
    by_name = {row["platform"]: row for row in rows(table)}
    assert by_name["p"]["kind"] == "presented as Haswell"
    assert by_name["p"]["device"] == "EPYC 9B45"
    assert by_name["p"]["generation"] == by_name["h"]["generation"]
    assert PRESENTED in table.notes
    plain = platforms_table(found(records[1:], fingerprints={"h": seen}))
    assert PRESENTED not in plain.notes


def test_counts_are_cumulative_in_the_order_of_figure_1() -> None:
    findings = fleet(planned=(planned("silent"),))
    table = counts_table(findings)
    shown = rows(table)
    names = [row["platform"] for row in shown]
    assert names == ["rome2", "rome16", "haswell2", "haswell16", "skylake2", "skylake16"]
    assert [row[NET] for row in shown] == [1, 1, 2, 2, 3, 3]
    assert [row["k"] for row in shown] == [1, 2, 3, 4, 5, 6]
    assert "never observed, so not counted: silent" in table.notes
    assert findings.summary.partitions[0].key[0] == "net"


def test_counts_add_up_over_partitions() -> None:
    records = [
        record(name, [array], given=given)
        for given in ("i0", "i1")
        for name, array in (("p", A), ("q", B))
    ]
    assert [row["all"] for row in rows(counts_table(found(records)))] == [2, 4]


def test_partitions_hold_precision_and_who_is_missing() -> None:
    (row,) = rows(partitions_table(fleet(planned=(planned("silent"),))))
    assert (row["platforms"], row["classes"], row["missing"], row["mantissa bits"]) == (6, 3, 1, 23)
    assert row["remaining precision"] < 23


def test_columns_of_classes_have_letters() -> None:
    last = platforms_table(fleet()).columns[-1]
    assert (last.kind, last.short, last.name) == (ColumnKind.CLASS, "a", NET)
