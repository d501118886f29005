"""A report as JUnit XML: one test suite per partition, one test case per platform.

A case passes if the platform has a class, which its ``<system-out>`` names, however many classes
there are: whether classes may change is for ``eqc diff --format junit``. ``<failure>``: the
machine was not the one that was asked for. ``<error>``: it was to compute this, and failed or
was never observed. ``<skipped>``: it cannot compute this, or was left out on purpose.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

from orchestrator.report.formats.junit_text import xml_text
from orchestrator.report.words import column_name, finding, title
from orchestrator.results.partitions import EqClass, Missing, Partition, Summary

_TAGS = {"mismatch": "failure", "skipped": "skipped", "unsupported": "skipped"}


def report_junit(summary: Summary) -> str:
    """The document, with XML declaration; suites are named like the columns of the table."""
    suites = [_suite(partition, summary) for partition in summary.partitions]
    names = ("tests", "failures", "errors", "skipped")
    totals = {name: str(sum(int(suite.attrib[name]) for suite in suites)) for name in names}
    root = ET.Element("testsuites", {"name": xml_text(title(summary)), **totals, "time": "0"})
    root.extend(suites)
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document.decode() + "\n"


def _suite(partition: Partition, summary: Summary) -> ET.Element:
    groups = {name: group for group in partition.classes for name in group.platforms}
    absent = {missing.platform: missing for missing in partition.missing}
    cases = [
        _case(partition, name, groups.get(name), absent.get(name))
        for name in summary.table.platforms
        if name in groups or name in absent
    ]
    counts = {
        "tests": len(cases),
        "failures": sum(case.find("failure") is not None for case in cases),
        "errors": sum(case.find("error") is not None for case in cases),
        "skipped": sum(case.find("skipped") is not None for case in cases),
    }
    attributes = {name: str(number) for name, number in counts.items()}
    name = xml_text(column_name(partition.key))
    suite = ET.Element("testsuite", {"name": name, **attributes, "time": "0"})
    suite.extend(cases)
    ET.SubElement(suite, "system-out").text = xml_text(finding(partition))
    return suite


def _case(
    partition: Partition, platform: str, group: EqClass | None, missing: Missing | None
) -> ET.Element:
    suite = xml_text(column_name(partition.key))
    case = ET.Element("testcase", classname=suite, name=xml_text(platform), time="0")
    if group is not None:
        found = f"class {group.number} of {len(partition.classes)} ({group.id})"
        if platform in partition.nondeterministic:
            found += "; non-deterministic: its sessions disagree"
        ET.SubElement(case, "system-out").text = found
    elif missing is not None:
        message = xml_text(f"{missing.status}: {missing.reason}")
        tag = _TAGS.get(missing.status, "error")
        # The common schema knows a type for failures and errors only.
        kind = {} if tag == "skipped" else {"type": xml_text(missing.status)}
        ET.SubElement(case, tag, {**kind, "message": message})
    return case
