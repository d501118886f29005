from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from orchestrator.analysis.classes.consequences import Tensor
from orchestrator.analysis.classes.difference import difference
from orchestrator.report.formats.difference_text import difference_text
from orchestrator.report.formats.json_format import difference_json, difference_json_text
from orchestrator.report.formats.junit import difference_junit
from orchestrator.results.difference import Difference
from orchestrator.results.partitions import NOT_RECORDED, Missing, Partition
from orchestrator.results.record import SoftwareRecord
from orchestrator.results.tolerance import parse_tolerance
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


def measured(text: str | None = None, *, known: bool = True) -> Difference:
    one = np.array([[0.25, 0.75]], np.float32)
    tensors: dict[str, Tensor] = {
        "a" * 64: ("float32", (1, 2), one),
        "b" * 64: ("float32", (1, 2), one[:, ::-1]),
    }
    sides = [
        replace(
            partition({name: "p"}),
            software=(SoftwareRecord(name, "numpy", version, {"openblas": version}),),
        )
        for name, version in (("a", "1.0"), ("b", "2.0"))
    ]
    return difference(
        sides[:1],
        sides[1:],
        tensors=tensors.get if known else None,
        tolerances=[parse_tolerance(text)] if text else (),
    )


FAR = "a → b: 0 of 23 bits remain, 12582912 ulp and 0.5 (relative 0.667) apart, 1 of 1 label flips"


def test_text_says_how_far_and_by_which_software() -> None:
    text = difference_text(measured())
    assert f"  {FAR}\n" in text
    assert "Software differs: numpy 1.0 → numpy 2.0 (openblas 1.0 → 2.0)\n" in text
    assert "no tensor of a (baseline) is stored" in difference_text(measured(known=False))


def test_what_is_within_a_tolerance_is_listed_and_passes() -> None:
    text = difference_text(measured("atol=0.5"))
    assert f"{FAR}; within the tolerance\n" in text
    assert "1 class, within the tolerance\n" in text
    assert "Tolerance atol=0.5: 1 of 1 that differ are within it\n" in text
    root = ET.fromstring(difference_junit(measured("atol=0.5")))
    assert root.get("failures") == "0"
    (case,) = root.iter("testcase")
    assert FAR in (case.findtext("system-out") or "")
    beyond = measured("4ulp")
    assert f"{FAR}; beyond the tolerance (4ulp: 12582912 ulp)\n" in difference_text(beyond)
    assert ET.fromstring(difference_junit(beyond)).get("failures") == "1"


def test_json_has_distances_software_and_judgement() -> None:
    document = json.loads(difference_json_text(measured("output:4ulp")))
    assert (document["schema"], document["differs"], document["fails"]) == (2, True, True)
    assert document["tolerances"] == ["output:4ulp"]
    assert document["software_differs"] is True
    assert [side[0]["version"] for side in document["software"]] == ["1.0", "2.0"]
    (moved,) = document["partitions"][0]["moved"]
    assert moved == {
        "before": "a",
        "after": "b",
        "platforms": ["p"],
        "distance": {
            "bits": 0,
            "of_bits": 23,
            "largest_absolute": 0.5,
            "largest_relative": 2 / 3,
            "largest_ulps": 12582912,
            "unordered": 0,
            "flips": {"rows": 1, "flipped": 1, "undefined": 0},
            "measured": True,
            "unknown": [],
        },
        "within": False,
        "beyond": ["4ulp: 12582912 ulp"],
    }
    assert json.loads(difference_json_text(measured("atol=1")))["fails"] is False


def test_what_became_unrecorded_or_recorded_is_said() -> None:
    before = replace(partition({"a": "p q"}), missing=(Missing("r", NOT_RECORDED, "strings"),))
    after = replace(
        partition({"a": "p r s"}), missing=(Missing("q", NOT_RECORDED, "a \x1b handle"),)
    )
    made = difference([before], [after])
    text = difference_text(made)
    assert "  no longer recorded: q (not recorded: a" in text
    assert "  recorded now, not in the baseline: r\n" in text
    assert "  new: s\n" in text
    assert "\x1b" not in text
    (one,) = difference_json(made)["partitions"]
    assert (one["newly_unrecorded"], one["newly_recorded"], one["new"]) == (
        ["q"],
        ["r"],
        ["r", "s"],
    )


def test_other_members_than_platforms_are_not_called_so() -> None:
    moved = {"new_platforms": ("x",), "missing_platforms": ("y",)}
    current = replace(found(), compare=("on",), **moved)
    text = difference_text(current)
    assert "common member" in text
    assert "Members without any class now: " in text
    assert "New members: " in text
    assert "latform" not in text
    assert "common member" in difference_junit(current)
    assert difference_json(current)["compare"] == ["on"]
    assert "compare" not in difference_json(found())
