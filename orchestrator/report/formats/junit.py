"""A report, or a difference, as JUnit XML for continuous integration.

Of a report: one test suite per partition, one test case per platform. A case passes if the
platform has a class, which its ``<system-out>`` names, however many classes there are: changes of
classes are reported by ``eqc diff --format junit``. ``<failure>``: the machine was not the one
that was asked for. ``<error>``: the computation failed or was never observed. ``<skipped>``: the
platform cannot compute this, is known not to have it, or was excluded, or the output cannot be
recorded.

Of a difference: one test case per partition. ``<failure>``: other bits beyond the tolerance, or
newly non-deterministic; what moved within the tolerance is in ``<system-out>``. ``<error>``:
something that the baseline had, or that was asked for, is missing. A case can have both, so that
neither hides the other. ``<skipped>``: nothing could be compared and nothing is missing.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

from orchestrator.report.escape import plain
from orchestrator.report.formats import Format
from orchestrator.report.formats.difference_text import (
    heading,
    missing_lines,
    name,
    partition_lines,
    software_lines,
)
from orchestrator.report.words import column_name, finding, title
from orchestrator.results.comparison import Noun
from orchestrator.results.difference import Change, Difference, PartitionDifference
from orchestrator.results.partitions import (
    NOT_AVAILABLE,
    NOT_RECORDED,
    EqClass,
    Missing,
    Partition,
    Summary,
)

_TAGS = {
    "mismatch": "failure",
    "skipped": "skipped",
    "unsupported": "skipped",
    NOT_RECORDED: "skipped",
    NOT_AVAILABLE: "skipped",
}


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
    absent = {missing.platform: missing for missing in partition.without_output}
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
    ET.SubElement(suite, "system-out").text = xml_text(finding(partition, summary.noun))
    return suite


def _case(
    partition: Partition, platform: str, group: EqClass | None, missing: Missing | None
) -> ET.Element:
    suite = xml_text(column_name(partition.key))
    case = ET.Element("testcase", classname=suite, name=xml_text(platform), time="0")
    if group is not None:
        found = f"class {group.number} of {len(partition.classes)} ({group.id})"
        if partition.alone is not None:
            found += "; nothing to compare it with"
        if platform in partition.nondeterministic:
            found += "; non-deterministic: its sessions disagree"
        ET.SubElement(case, "system-out").text = found
    elif missing is not None:
        message = xml_text(f"{missing.status}: {missing.reason}")
        tag = _TAGS.get(missing.status, "error")
        # The common JUnit schema has the attribute ``type`` for failures and errors only.
        kind = {} if tag == "skipped" else {"type": xml_text(missing.status)}
        ET.SubElement(case, tag, {**kind, "message": message})
    return case


UNCOMPARED = frozenset((Change.ONLY_BASELINE, Change.ONLY_CURRENT, Change.NOT_COMPARED))


def difference_junit(difference: Difference, suite: str = "eqc diff") -> str:
    """The document, with XML declaration; ``suite`` names it in the reports of a CI."""
    cases = [_changed_case(partition, difference.noun) for partition in difference.partitions]
    counts = {
        "tests": len(cases),
        "failures": sum(case.find("failure") is not None for case in cases),
        "errors": sum(case.find("error") is not None for case in cases),
        "skipped": sum(case.find("skipped") is not None for case in cases),
    }
    numbers = {name: str(number) for name, number in counts.items()}
    attributes = {"name": xml_text(suite), **numbers, "time": "0"}
    root = ET.Element("testsuites", attributes)
    inner = ET.SubElement(root, "testsuite", attributes)
    inner.extend(cases)
    if software := "\n".join(software_lines(difference)):
        ET.SubElement(inner, "system-out").text = xml_text(software)
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document.decode() + "\n"


def _changed_case(partition: PartitionDifference, noun: Noun) -> ET.Element:
    head = heading(partition, noun)
    group = f"{partition.workload}.{partition.variant}"
    case = ET.Element(
        "testcase", classname=xml_text(group), name=xml_text(name(partition)), time="0"
    )
    if partition.fails:
        kind = partition.change.value if partition.changes else "newly non-deterministic"
        _outcome(case, "failure", kind, head, tuple(partition_lines(partition)))
    if partition.incomplete:
        _outcome(case, "error", "missing", head, tuple(missing_lines(partition)))
    if partition.tolerated:
        lines = [head, *partition_lines(partition)]
        ET.SubElement(case, "system-out").text = xml_text("\n".join(lines))
    if not len(case) and partition.change in UNCOMPARED:
        ET.SubElement(case, "skipped", message=xml_text(head))
    return case


def _outcome(
    case: ET.Element,
    tag: str,
    kind: str,
    head: str,
    lines: tuple[str, ...],
) -> None:
    element = ET.SubElement(case, tag, type=xml_text(kind), message=xml_text(head))
    element.text = xml_text("\n".join(lines))


def xml_text(text: str) -> str:
    """The text without characters that XML 1.0 forbids: ElementTree writes them unchanged."""
    return "\n".join(
        "".join("\N{REPLACEMENT CHARACTER}" if ord(c) in (0xFFFE, 0xFFFF) else c for c in line)
        for line in (plain(line) for line in text.split("\n"))
    )


FORMAT = Format("junit", ".xml", report=report_junit, difference=difference_junit)
