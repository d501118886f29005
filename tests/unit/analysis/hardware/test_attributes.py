from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orchestrator.analysis.hardware.attributes import attribute_table
from orchestrator.analysis.hardware.cpu_classes import cpu_classes
from orchestrator.analysis.hardware.fingerprint_attributes import core_bin
from orchestrator.analysis.hardware.flag_clusters import FlagClusters, flag_clusters
from orchestrator.analysis.hardware.platforms import generation
from orchestrator.results.explanation import Kind
from orchestrator.results.fingerprint import PresentedCpu, Silicon
from tests.unit.analysis.explain.described import fingerprint, machines


def test_flags_are_booleans_and_a_platform_without_is_not_in_the_table() -> None:
    table = attribute_table(
        *machines({"a": (1, {"avx", "fma"}, 2), "b": (1, {"avx"}, 2), "c": (1, None, 2)})
    )
    assert table.flags().to_dict() == {
        "avx": {"a": True, "b": True},
        "fma": {"a": True, "b": False},
    }
    assert table.undescribed == (("c", "its CPU flags are not known"),)


def test_what_a_presented_cpu_showed_is_hardware_and_its_silicon_only_identifies_it() -> None:
    records, fingerprints = machines({"a": (1, {"avx", "fma"}, 2), "b": (2, {"avx"}, 2)})
    host = Silicon("AuthenticAMD", "EPYC 9B45", 26, 2, 1, ("avx", "fma", "avx512f"))
    shown = PresentedCpu("this,-fma", "faulting", host=host)
    fingerprints["f-b"] = replace(fingerprints["f-b"], presented=shown)
    table = attribute_table(records, fingerprints)
    assert table.frame["fma"].to_dict() == {"a": True, "b": False}
    assert table.frame["vendor"].to_dict() == {"a": "GenuineIntel", "b": "GenuineIntel"}
    assert table.frame["silicon"]["b"] == "EPYC 9B45"
    assert table.frame["presented"]["b"] == "this,-fma"
    assert table.kinds["silicon"] is table.kinds["presented"] is Kind.IDENTITY
    assert table.kinds["fma"] is Kind.FLAG


def test_without_any_flags_the_rest_is_still_there() -> None:
    table = attribute_table(*machines({"a": (1, None, 2), "b": (1, None, 64)}))
    assert table.frame["cores"].tolist() == [2, 64]
    assert table.flags().shape == (2, 0)
    assert table.notes == ("no platform's CPU flags are known: flags take no part",)
    assert flag_clusters(table) == FlagClusters((), ())


def test_no_platform_gives_empty_tables() -> None:
    table = attribute_table([], {})
    assert table.frame.empty
    assert flag_clusters(table).total == 0
    assert cpu_classes(table).empty


def test_a_variable_not_set_is_known_but_an_unread_environment_is_not() -> None:
    records, fingerprints = machines({name: (1, {"x"}, 2) for name in "abc"})
    fingerprints["f-a"] = replace(fingerprints["f-a"], environment={"OMP_NUM_THREADS": "2"})
    fingerprints["f-c"] = replace(fingerprints["f-c"], environment=None)
    table = attribute_table(records, fingerprints)
    assert table.frame["env OMP_NUM_THREADS"].tolist() == ["2", "unset", None]
    assert table.kinds["env OMP_NUM_THREADS"] is Kind.ENVIRONMENT


def test_frameworks_tell_their_libraries_threads_and_instruction_sets() -> None:
    records, fingerprints = machines({"a": (1, {"x"}, 2)})
    framework = replace(records[0].framework, threads={"intra_op": 2}, libraries={"mkl": "2024"})
    table = attribute_table([records[0]._replace(framework=framework)], fingerprints)
    row = table.frame.loc["a"]
    assert row["threads intra_op"] == 2
    assert row["library mkl"] == "2024"
    assert row["isa blas"] == "x"
    assert row["framework version"] == "2.4"
    assert table.kinds["isa blas"] is Kind.ISA


def test_several_machines_under_one_name_are_noted() -> None:
    records, fingerprints = machines({"a": (1, {"x"}, 2)})
    fingerprints["other"] = fingerprint({"x", "y"})
    again = records[0]._replace(session=1, fingerprint="other")
    table = attribute_table([*records, again], fingerprints)
    assert table.notes == ("a: several machines with different attributes; the first counts",)


@pytest.mark.parametrize(
    ("cores", "name"),
    [(1, "1"), (2, "2-3"), (7, "4-7"), (12, "12-15"), (31, "16-31"), (48, "32+"), (None, None)],
)
def test_core_bins(cores: int | None, name: str | None) -> None:
    assert core_bin(cores) == name


@pytest.mark.parametrize(
    ("cpu", "name"),
    [
        ({"microarchitecture": "Zen 9"}, "Zen 9"),
        ({"family": 6, "model": 85, "stepping": 7}, "Cascade Lake"),
        ({"family": 6, "model": 85, "stepping": None}, None),
        ({"family": 6, "model": 79, "stepping": None}, "Broadwell"),
        ({"family": 99, "model": 1, "stepping": 0}, None),
    ],
)
def test_generations_are_looked_up_and_never_guessed(cpu: dict[str, Any], name: str) -> None:
    assert generation(fingerprint({"x"}, 2, **cpu)) == name


def test_an_unknown_generation_is_a_value_and_takes_it_from_nobody() -> None:
    records, fingerprints = machines({name: (1, {"x"}, 2) for name in "abcd"})
    for name, cpu in (
        ("a", {"microarchitecture": "Haswell"}),
        ("b", {"vendor": "GenuineIntel", "family": 99, "model": 1}),
        ("c", {"vendor": "GenuineIntel", "family": 99, "model": 2}),
        ("d", {"vendor": None}),
    ):
        fingerprints[f"f-{name}"] = fingerprint({"x"}, 2, **cpu)
    table = attribute_table(records, fingerprints)
    assert table.frame["generation"].tolist() == [
        "Haswell",
        "unknown GenuineIntel 99/1",
        "unknown GenuineIntel 99/2",
        "unknown",
    ]
