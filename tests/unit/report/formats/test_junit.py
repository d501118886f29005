from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from orchestrator.report.formats.junit import report_junit
from orchestrator.results.partitions import Summary
from tests.unit.analysis.records import A, B, lacking, output, record
from tests.unit.analysis.summarised import summarise
from tests.unit.report.summaries import HOSTILE, full

ALLOWED = {
    "testsuites": ({"name", "tests", "failures", "errors", "skipped", "time"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped", "time"},
        {"testcase", "system-out"},
    ),
    "testcase": (
        {"name", "classname", "time"},
        {"failure", "error", "skipped", "system-out"},
    ),
    "failure": ({"type", "message"}, set()),
    "error": ({"type", "message"}, set()),
    "skipped": ({"message"}, set()),
    "system-out": (set(), set()),
}
"""Attributes and children of each element in the schema of Jenkins' JUnit plugin."""
COUNTS = ("tests", "failures", "errors", "skipped")


def checked(summary: Summary) -> ET.Element:
    """The parsed document, checked against ``ALLOWED``."""
    root = ET.fromstring(report_junit(summary).encode())
    for element in root.iter():
        attributes, children = ALLOWED[element.tag]
        assert set(element.keys()) <= attributes
        assert {child.tag for child in element} <= children
    for suite in root:
        cases = suite.findall("testcase")
        tags = ("failure", "error", "skipped")
        counted = [len(cases), *(sum(c.find(t) is not None for c in cases) for t in tags)]
        assert [int(suite.attrib[name]) for name in COUNTS] == counted
        assert [child.tag for child in suite] == ["testcase"] * len(cases) + ["system-out"]
    for name in COUNTS:
        assert int(root.attrib[name]) == sum(int(suite.attrib[name]) for suite in root)
    return root


def test_a_suite_per_partition_and_a_case_per_platform() -> None:
    root = checked(full())
    assert [suite.attrib["name"] for suite in root] == [
        "net · digits:0 · numpy float32",
        "net · digits:1 · numpy float32",
    ]
    first = {case.attrib["name"]: case for case in root[0].findall("testcase")}
    assert list(first) == [
        "silent",
        "local",
        "emulated/Haswell",
        "mask/avx",
        "varies",
        "emulated/Nehalem",
    ]
    assert [case.attrib["name"] for case in root[1].findall("testcase")] == ["local"]
    local = first["local"].findtext("system-out")
    assert local is not None
    assert re.fullmatch(r"class 1 of 3 \([0-9a-f]{12}\)", local)
    assert "non-deterministic" in str(first["varies"].findtext("system-out"))
    unsupported = first["emulated/Nehalem"].find("skipped")
    assert unsupported is not None
    assert unsupported.attrib["message"].startswith("unsupported: illegal-instruction")
    silent = first["silent"].find("error")
    assert silent is not None
    assert silent.attrib == {"type": "missing", "message": "missing: not observed"}


def test_failed_is_an_error_and_mismatch_a_failure() -> None:
    why = {"code": "timeout", "message": "600 s"}
    statuses = ("failed", "mismatch", "skipped", "unsupported")
    records = [record(status, [], status=status, reason=why) for status in statuses]
    (suite,) = checked(summarise([record("ok", [A]), *records]))
    tags = {case.attrib["name"]: case[0].tag for case in suite.findall("testcase")}
    assert tags == {
        "ok": "system-out",
        "failed": "error",
        "mismatch": "failure",
        "skipped": "skipped",
        "unsupported": "skipped",
    }


def test_what_cannot_be_recorded_is_skipped_with_its_reason() -> None:
    given = record("p", [output(A, "output:y", 1)], unrecorded=[lacking("output:x")])
    _, x = checked(summarise([given]))
    (case,) = x.findall("testcase")
    assert [(child.tag, child.get("message")) for child in case] == [
        ("skipped", "not recorded: strings are not recorded")
    ]


def test_classes_alone_fail_nothing() -> None:
    root = checked(summarise([record("p", [A]), record("q", [B])]))
    assert [root.attrib[name] for name in COUNTS] == ["2", "0", "0", "0"]


def test_hostile_names_stay_text() -> None:
    root = checked(full(HOSTILE))
    names = [case.attrib["name"] for case in root.iter("testcase")]
    assert any("<script>" in name for name in names)


def test_nothing_observed_is_a_document_too() -> None:
    assert len(checked(summarise([]))) == 0
