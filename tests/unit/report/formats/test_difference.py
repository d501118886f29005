from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from orchestrator.analysis.classes.difference import difference
from orchestrator.report.formats.difference_text import difference_text
from orchestrator.report.formats.json_format import difference_json, difference_json_text
from orchestrator.report.formats.junit import difference_junit
from orchestrator.results.difference import Difference
from orchestrator.results.partitions import Partition
from tests.unit.analysis.classes.differences import partition

HOSTILE = "evil</failure>&<b>\x1b[31m\x00\ufffe\u202e\udc80\"'"


def found() -> Difference:
    def pair(name: str, before: Partition, after: Partition) -> tuple[Partition, Partition]:
        return replace(before, workload=name), replace(after, workload=name)

    pairs = [
        pair("same", partition({"a": "p q"}), partition({"a": "p q"})),
        pair("split", partition({"a": "p q"}), partition({"a": "p", "b": "q"}, precision=7)),
        pair("gone", partition({"a": "p q"}), partition({"a": "p"}, missing="q")),
        pair("both", partition({"a": "p q"}), partition({"b": "p"}, missing="q")),
        pair("vary", partition({"a": "p"}), partition({"a": "p"}, varying="p")),
        pair("none", partition({}, missing="p"), partition({}, missing="p")),
    ]
    return difference([one for one, _ in pairs], [two for _, two in pairs])


def cases(document: str) -> dict[str, ET.Element]:
    root = ET.fromstring(document)
    return {case.get("classname", "").partition(".")[0]: case for case in root.iter("testcase")}


def test_junit_has_one_case_per_partition_and_right_counts() -> None:
    document = difference_junit(found())
    by_name = cases(document)
    assert {name: [child.tag for child in case] for name, case in by_name.items()} == {
        "same": [],
        "split": ["failure"],
        "gone": ["error"],
        "both": ["failure", "error"],
        "vary": ["failure"],
        "none": ["skipped"],
    }
    for element in (ET.fromstring(document), *ET.fromstring(document)):
        counts = {key: element.get(key) for key in ("tests", "failures", "errors", "skipped")}
        assert counts == {"tests": "6", "failures": "3", "errors": "2", "skipped": "1"}
    failure = by_name["split"].find("failure")
    assert failure is not None
    assert failure.get("type") == "split"
    assert "1 → 2 classes" in failure.get("message", "")
    assert failure.text is not None
    assert "(p, q) → " in failure.text


def test_junit_of_nothing_is_well_formed() -> None:
    root = ET.fromstring(difference_junit(difference([], [])))
    assert root.get("tests") == "0"


def hostile() -> Difference:
    before, after = partition({"a": "p"}), partition({"b": "p"}, missing="q")
    groups = tuple(replace(group, platforms=(HOSTILE,)) for group in before.classes)
    others = tuple(replace(group, platforms=(HOSTILE,)) for group in after.classes)
    absent = tuple(replace(each, reason=HOSTILE) for each in after.missing)
    return difference(
        [replace(before, workload=HOSTILE, classes=groups)],
        [replace(after, workload=HOSTILE, classes=others, missing=absent)],
    )


def test_hostile_names_stay_text() -> None:
    document = difference_junit(hostile(), suite=HOSTILE)
    root = ET.fromstring(document.encode())
    failure = next(root.iter("failure"))
    assert failure.text is not None
    assert "evil</failure>&<b>\\x1b[31m" in failure.text
    assert "\x1b" not in document
    text = difference_text(hostile())
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert difference_json_text(hostile()).isascii()


def test_json_is_the_whole_difference() -> None:
    document = json.loads(difference_json_text(found()))
    assert document == difference_json(found())
    assert (document["differs"], document["incomplete"]) == (True, True)
    assert [each["change"] for each in document["partitions"]] == [
        "same",
        "split",
        "same",
        "moved",
        "same",
        "not compared",
    ]
    gone = document["partitions"][2]
    assert gone["missing"][0]["platform"] == "q"
    assert document["partitions"][1]["changes"][0]["after"] == [
        {"id": "a", "platforms": ["p"]},
        {"id": "b", "platforms": ["q"]},
    ]


def test_text_says_what_changed_and_leaves_out_what_is_the_same() -> None:
    text = difference_text(found())
    assert text.startswith("6 partitions: 3 same, 1 split, 1 moved, 1 not compared\n")
    assert "split · zeros · numpy float32: split on 2 common platforms, 1 → 2 classes" in text
    assert "10 → 7 bits remain" in text
    assert "missing: q (failed: timeout)" in text
    assert "still missing: p" in text
    assert "newly non-deterministic: p" in text
    assert "\nsame ·" not in text


@pytest.mark.parametrize("size", [8, 9])
def test_long_lists_are_cut_in_text_only(size: int) -> None:
    names = " ".join(f"p{number}" for number in range(size))
    many = difference([partition({"a": names})], [partition({"b": names})])
    assert ("and 1 more" in difference_text(many)) == (size == 9)
    assert len(difference_json(many)["partitions"][0]["changes"][0]["before"][0]["platforms"]) == (
        size
    )


def test_nothing_at_all() -> None:
    assert difference_text(difference([], [])) == (
        "Nothing to compare: neither side has a partition.\n"
    )
