"""A difference as JUnit XML, for continuous integration: one test case per partition.

``<failure>``: other bits, or newly non-deterministic. ``<error>``: something that the baseline
had, or that was asked for, is missing. A case can have both, so that neither hides the other.
``<skipped>``: nothing could be compared and nothing is missing.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

from orchestrator.report.formats.difference_text import heading, missing_lines, partition_lines
from orchestrator.report.formats.junit_text import xml_text
from orchestrator.report.words import column_name
from orchestrator.results.difference import Change, Difference, PartitionDifference

UNCOMPARED = frozenset((Change.ONLY_BASELINE, Change.ONLY_CURRENT, Change.NOT_COMPARED))


def difference_junit(difference: Difference, suite: str = "eqc diff") -> str:
    """The document, with XML declaration; ``suite`` names it in the reports of a CI."""
    cases = [_case(partition) for partition in difference.partitions]
    counts = {
        "tests": len(cases),
        "failures": sum(case.find("failure") is not None for case in cases),
        "errors": sum(case.find("error") is not None for case in cases),
        "skipped": sum(case.find("skipped") is not None for case in cases),
    }
    numbers = {name: str(number) for name, number in counts.items()}
    attributes = {"name": xml_text(suite), **numbers, "time": "0"}
    root = ET.Element("testsuites", attributes)
    ET.SubElement(root, "testsuite", attributes).extend(cases)
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document.decode() + "\n"


def _case(partition: PartitionDifference) -> ET.Element:
    group = f"{partition.workload}.{partition.variant}"
    name = column_name(partition.key)
    case = ET.Element("testcase", classname=xml_text(group), name=xml_text(name), time="0")
    if partition.differs:
        kind = partition.change.value if partition.changes else "newly non-deterministic"
        _outcome(case, "failure", kind, partition, tuple(partition_lines(partition)))
    if partition.incomplete:
        _outcome(case, "error", "missing", partition, tuple(missing_lines(partition)))
    if not len(case) and partition.change in UNCOMPARED:
        ET.SubElement(case, "skipped", message=xml_text(heading(partition)))
    return case


def _outcome(
    case: ET.Element,
    tag: str,
    kind: str,
    partition: PartitionDifference,
    lines: tuple[str, ...],
) -> None:
    element = ET.SubElement(case, tag, type=xml_text(kind), message=xml_text(heading(partition)))
    element.text = xml_text("\n".join(lines))
