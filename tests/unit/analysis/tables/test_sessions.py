from __future__ import annotations

from orchestrator.analysis.tables.sessions import (
    determinism_table,
    measurements_table,
    missing_table,
)
from tests.unit.analysis.records import A, B, record
from tests.unit.analysis.tables.machines import found, planned, rows


def test_every_output_of_a_varying_platform_with_its_count() -> None:
    records = [record("p", [array], session=n) for n, array in enumerate((B, A, A))]
    table = determinism_table(found([*records, record("q", [A])]))
    shown = rows(table)
    assert [(row["platform"], row["outputs"], row["sessions"]) for row in shown] == [
        ("p", 2, 2),
        ("p", 2, 1),
    ]
    assert table.notes == (
        "1 of 1 output with several sessions vary; 1 more has one session, which shows nothing.",
    )


def test_the_missing_have_reasons() -> None:
    why = {"code": "timeout", "message": "600 s"}
    records = [record("p", [A]), record("q", [], status="failed", reason=why)]
    shown = rows(missing_table(found(records, planned=(planned("silent"),))))
    assert [(row["platform"], row["status"], row["reason"]) for row in shown] == [
        ("q", "failed", "timeout: 600 s"),
        ("silent", "missing", "not observed"),
    ]
    assert missing_table(found(records[:1])).notes == ("Nothing is missing.",)


def test_measurements_name_versions_and_platforms() -> None:
    (row,) = rows(measurements_table(found([record("p", [A]), record("q", [A])])))
    assert (row["framework"], row["version"], row["platforms"]) == ("numpy", "2.4", "p, q")
