from __future__ import annotations

from dataclasses import replace
from typing import Any

from orchestrator.analysis.observations.labels import planned_of_store
from orchestrator.report.words import hardware, kind
from orchestrator.store.parse_fingerprint import parse_fingerprint
from tests.unit.analysis.records import A, B, C, record
from tests.unit.analysis.summarised import summarise

DOCUMENTS: dict[str, Any] = {
    "f1": {
        "emulated": None,
        "cpu": {"architecture": "x86_64", "brand": "EPYC", "flags": ["sse2", "avx", "avx512f"]},
        "logical_cpus": 2,
        "missing": {"cpu.microcode": "not readable"},
    },
    "f2": {
        "emulated": "Haswell",
        "cpu": {
            "architecture": "x86_64",
            "brand": "Core",
            "flags": ["sse2", "avx"],
            "disagreement": {"only_cpuid": [], "only_kernel": ["avx512f"]},
        },
        "logical_cpus": 2,
    },
    "f4": {
        "emulated": None,
        "presented": {
            "name": "this,-avx512f",
            "method": "faulting",
            "host": {"vendor": "AuthenticAMD", "brand": "EPYC 9B45", "flags": ["avx512f"]},
        },
        "cpu": {
            "architecture": "x86_64",
            "brand": "Core",
            "flags": ["sse2", "avx"],
            "disagreement": {"only_cpuid": [], "only_kernel": ["avx512f"]},
        },
    },
    "f3": {"cpu": {"architecture": "x86_64", "brand": "Other", "flags": None}, "logical_cpus": 4},
}
FINGERPRINTS = {name: parse_fingerprint(document) for name, document in DOCUMENTS.items()}


def test_platforms_show_the_flags_that_differ_and_what_they_are() -> None:
    records = [
        record("local", [A], fingerprint="f1"),
        record("emulated/Haswell", [B], fingerprint="f2", emulated="Haswell"),
        record("mask/avx", [B], fingerprint="f1", masked="avx"),
        record("bare", [B], fingerprint="f3"),
    ]
    found = summarise(records, (), FINGERPRINTS)
    local, emulated, masked, bare = found.platforms
    assert found.common_flags == (("x86_64", 2),)
    assert local.flags_own == ("avx512f",)
    assert local.unknown == ("cpu.microcode: not readable",)
    assert (emulated.flags_own, emulated.emulated) == ((), "Haswell")
    assert emulated.notes == ()
    assert masked.masked == "avx"
    assert bare.flags_own == ()


def test_a_presented_cpu_is_told_from_the_silicon() -> None:
    of_file = record("cpuid/x", [B], fingerprint="f4")
    of_file = of_file._replace(machine=replace(of_file.machine, assumed=("l2 512 KiB as QEMU's",)))
    records = [record("local", [A], fingerprint="f1"), of_file]
    local, presented = summarise(records, (), FINGERPRINTS).platforms
    assert (local.presented, local.silicon) == (None, None)
    assert (presented.presented, presented.silicon) == ("itself,-avx512f", "EPYC 9B45")
    # The kernel's flags are the silicon's: no disagreement to doubt.
    said = "of this CPU was not recorded, and is taken for: l2 512 KiB as QEMU's"
    assert presented.notes == (said,)
    assert hardware(presented) == "EPYC 9B45 presented as itself,-avx512f"
    assert kind(presented) == "presented"


def test_two_machines_under_one_name_are_noted() -> None:
    records = [
        record("local", [A], fingerprint="f1"),
        record("local", [A], fingerprint="f3", run="another"),
    ]
    (info,) = summarise(records, (), FINGERPRINTS).platforms
    assert "several different CPUs" in info.notes[0]
    assert "EPYC" in info.notes[0]
    assert "Other" in info.notes[0]


def test_class_table_marks_first_repeated_missing_and_varying() -> None:
    records = [
        record("a", [A]),
        record("a", [A], given="digits:1"),
        record("b", [B]),
        record("b", [B], given="digits:1"),
        record("c", [B]),
        record("c", [B], session=1),
        record("c", [C], session=2),
        record("c", [], given="digits:1", status="failed", reason={"code": "timeout"}),
        record("a", [C], variant="torch float32"),
    ]
    table = summarise(records).table
    assert table.letters == ("a", "b", "c")
    a, b, c = table.rows
    assert (a[0].number, a[0].first, a[0].repeated) == (1, True, False)
    assert (a[1].number, a[1].first, a[1].repeated) == (1, True, True)
    assert (a[2].number, a[2].repeated) == (1, False), "another variant: numbers do not compare"
    assert (b[0].number, b[0].first) == (2, True)
    assert (c[0].number, c[0].first, c[0].nondeterministic) == (2, False, True)
    assert c[1].number is None
    assert table.footnotes[c[1].footnote - 1] == "failed: timeout"
    assert c[2] is None


def test_measurements_group_platforms_by_what_was_used() -> None:
    found = summarise([record("a", [A]), record("b", [A]), record("b", [A], session=1)])
    (row,) = found.measurements
    assert (row.framework, row.version, row.isa) == ("numpy", "2.4", "blas=x")
    assert (row.platforms, row.sessions) == (("a", "b"), 3)


def test_perturbed_sessions_are_said() -> None:
    one = record("a", [A])._replace(perturbed=True)
    assert "1 session gave another final output" in summarise([one]).notes[0]


def test_cells_planned_in_a_store_are_matched_by_id() -> None:
    records = [record("a", [A]), record("b", [A])]
    planned = planned_of_store([*records, record("c", [])], {records[1].cell: ("x", "y")})
    (partition,) = summarise(records, planned).partitions
    assert [missing.platform for missing in partition.missing] == ["c"]


def test_no_records_at_all() -> None:
    found = summarise([])
    assert (found.partitions, found.platforms, found.observations) == ((), (), 0)
