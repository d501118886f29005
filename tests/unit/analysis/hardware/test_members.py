"""What the hardware of a member is: that of its platforms, as far as they have it in common."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orchestrator.analysis.findings import Findings
from orchestrator.analysis.observations.members import regrouped
from orchestrator.analysis.tables.classes import platforms_table
from orchestrator.report.words import hardware, kind
from orchestrator.results.partitions import PlatformInfo
from orchestrator.results.record import Observation
from tests.unit.analysis.records import A, B, record
from tests.unit.analysis.tables.machines import FINGERPRINTS, rows

AXES = ("on",)


def observed(platform: str, framework: str, digest: str, **more: Any) -> Observation:
    outputs = [] if more.get("status") else [A if framework == "numpy" else B]
    found = record(platform, outputs, variant=framework, fingerprint=digest, **more)
    return found._replace(variant=replace(found.variant, framework=framework))


def findings(records: list[Observation]) -> Findings:
    return Findings(regrouped(records, AXES), FINGERPRINTS, compare=AXES)


def members(*platforms: tuple[str, str, dict[str, Any]]) -> tuple[PlatformInfo, ...]:
    records = [
        observed(name, framework, digest, **more)
        for name, digest, more in platforms
        for framework in ("numpy", "torch")
    ]
    return findings(records).summary.platforms


def test_few_platforms_are_named_and_many_are_counted() -> None:
    machines = [(f"p{number}", "rome2", {}) for number in range(4)]
    for info in members(*machines[:3]):
        assert hardware(info) == "p0, p1, p2"
    for info in members(*machines):
        assert hardware(info) == "4 platforms"
    for info in members(*machines[:1]):
        assert hardware(info) == "CPU rome"


def test_a_member_has_what_all_its_platforms_have() -> None:
    for info in members(("a", "haswell2", {}), ("b", "haswell16", {})):
        assert (info.brand, info.vendor) == ("CPU haswell", "GenuineIntel")
        assert info.logical_cpus is None
    for info in members(("a", "haswell2", {}), ("b", "rome2", {})):
        assert (info.brand, info.vendor, info.microarchitecture) == (None, None, None)
        assert info.logical_cpus == 2


def test_a_mask_is_not_taken_for_silicon() -> None:
    for info in members(("a", "rome2", {}), ("b", "rome2", {"masked": "sse4"})):
        assert kind(info) == "hardware, masked"
    records = [observed("a", "numpy", "rome2"), observed("b", "numpy", "rome2", masked="sse4")]
    (row,) = rows(platforms_table(findings([*records])))
    assert (row["member"], row["kind"]) == ("numpy", "hardware, masked sse4")
    assert (row["device"], row["CPU class"], row["cores"]) == ("CPU rome", 0, 2)


def test_where_a_member_was_skipped_is_none_of_its_hardware() -> None:
    why = {"code": "no-switch", "message": "no switch"}
    records = [
        observed("a", "numpy", "rome2"),
        observed("b", "numpy", "haswell2"),
        observed("a", "torch", "rome2"),
        observed("b", "torch", "haswell2", status="skipped", reason=why),
    ]
    numpy, torch = findings(records).summary.platforms
    assert hardware(numpy) == "a, b"
    assert hardware(torch) == "CPU rome"


def test_hardware_is_listed_by_platform_and_classes_by_where_they_were_seen() -> None:
    records = [
        observed(name, framework, digest)
        for name, digest in (("a", "haswell2"), ("b", "rome2"))
        for framework in ("numpy", "torch")
    ][:-1]
    found = findings(records)
    assert list(found.attributes.frame.index) == ["b", "a"]
    assert set(found.cpu_classes.index) == {"a", "b"}
    assert found.class_counts == found.core_counts == found.core_counts_by_vendor == ()
    assert found.thread_counts({}) == ()
    assert [partition.variant for partition in found.partitions] == ["on a", "on b"]
    assert found.classes_by_platform == ({"a": frozenset({1, 2})}, {"b": frozenset({1})})


@pytest.mark.parametrize("compare", [("platform",), AXES])
def test_flags_that_all_machines_have_are_counted_over_platforms(compare: tuple[str, ...]) -> None:
    records = [observed("a", "numpy", "haswell2"), observed("b", "numpy", "skylake2")]
    grouped = regrouped(records, compare) if compare == AXES else records
    found = Findings(grouped, FINGERPRINTS, compare=compare)
    assert found.summary.common_flags == (("x86_64", 4),)
