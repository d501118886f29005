from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orchestrator.analysis.classes.difference import difference, difference_exit
from orchestrator.analysis.classes.matching import matched
from orchestrator.errors import Exit, UsageError
from orchestrator.model.experiment import IGNORABLE
from orchestrator.results.partitions import Partition
from orchestrator.results.record import SoftwareRecord, VariantRecord
from tests.unit.analysis.classes.differences import partition

PLAIN = VariantRecord("", "", "numpy", "float32", None, None, "cpu", {}, {})


def row(label: str, classes: str = "a", *, software: str = "1", **settings: Any) -> Partition:
    return replace(
        partition({classes: "p"}),
        variant=label,
        settings=replace(PLAIN, **settings),
        software=(SoftwareRecord(software, "numpy", software),),
    )


OTHER: dict[str, dict[str, Any]] = {
    "on": {"framework": "torch", "pin": "==2.0"},
    "threads": {"threads": 2},
    "batch": {"batch": 3},
    "flags": {"flags": {"opt": 1}},
    "environment": {"environment": {"MKL_CBWR": "COMPATIBLE"}},
    "precision": {"precision": "bfloat16"},
    "device": {"device": "gpu"},
}


@pytest.mark.parametrize("axis", sorted(OTHER))
def test_rows_that_differ_in_an_ignored_setting_are_compared(axis: str) -> None:
    # The labels say nothing: settings are never read out of them.
    before, after = [row("one")], [row("other", **OTHER[axis])]
    assert len(matched(before, after)) == 2
    assert matched(before, after, [axis]) == [(before[0], after[0])]
    for unrelated in OTHER.keys() - {axis}:
        assert len(matched(before, after, [unrelated])) == 2


@pytest.mark.parametrize("axis", ["workload", "input"])
def test_other_workloads_and_inputs(axis: str) -> None:
    before = [row("one")]
    after = [replace(before[0], **{axis: "another"})]
    assert len(matched(before, after)) == 2
    assert matched(before, after, [axis]) == [(before[0], after[0])]


def test_the_row_is_never_ignored() -> None:
    assert len(matched([row("one")], [row("other", row="0")], IGNORABLE)) == 2


def test_rows_that_become_one_are_an_error_that_names_them() -> None:
    two = [row("t1", threads=1), row("t2", threads=2)]
    with pytest.raises(
        UsageError, match=r"--ignore threads: 2 rows of CURRENT .*· t1 · output; .*· t2"
    ):
        matched([row("t1", threads=1)], two, ["threads"])
    with pytest.raises(UsageError, match="2 rows of BASELINE"):
        matched(two, [], ["threads"])
    assert len(matched(two, two, ["batch"])) == 2


def test_software_tells_rows_apart_only_where_nothing_else_does() -> None:
    old, new = row("old", threads=1), row("new", software="2", threads=2)
    assert matched([old], [new], ["threads"]) == [(old, new)]
    both = [old, row("both", software="2", threads=1)]
    assert len(matched(both, [new], ["threads"])) == 2
    assert (both[1], new) in matched(both, [new], ["threads"])
    with pytest.raises(UsageError, match="--ignore threads --ignore software: 2 rows of BASELINE"):
        matched(both, [new], ["threads", "software"])


def test_settings_that_are_not_known_cannot_be_ignored() -> None:
    unknown = partition({"a": "p"})
    with pytest.raises(UsageError, match=r"BASELINE does not say .* schema 1 .*--accept"):
        matched([unknown], [row("one")], ["threads"])
    assert len(matched([unknown], [unknown], ["input"])) == 1


def test_one_platform_against_another() -> None:
    here, there = partition({"a": "p"}), partition({"b": "q"}, varying="q")
    found = difference([here], [there], ignore=["platform"])
    (moved,) = found.partitions[0].moved
    assert moved.platforms == ("p → q",)
    assert found.partitions[0].newly_nondeterministic == ("p → q",)
    assert difference_exit(found) is Exit.DIFFERENT
    several = partition({"a": "p q"})
    with pytest.raises(UsageError, match=r"has 2 platforms in CURRENT, .*: p, q"):
        difference([here], [several], ignore=["platform"])


def test_a_difference_names_what_it_compared_with() -> None:
    found = difference([row("t1", threads=1)], [row("t2", "b", threads=2)], ignore=["threads"])
    assert found.ignored == ("threads",)
    assert found.partitions[0].variant == "t1"
    assert found.partitions[0].current == ("net", "zeros", "t2", "output")
    assert difference([row("t1")], [row("t1")]).partitions[0].current is None


def test_a_file_of_a_baseline_of_before_there_was_stored_is_found() -> None:
    stored = row("onnxruntime as stored", precision="stored")
    asked = row("onnxruntime float32", stated=True)
    old = row("onnxruntime float32")
    ((before, after),) = matched([old], [stored])
    assert (before, after) == (
        replace(old, variant=stored.variant, settings=before.settings if before else None),
        stored,
    )
    # A baseline of schema 1 has no settings.
    assert matched([replace(old, settings=None)], [stored])[0][1] is stored
    # What was asked for was never called otherwise.
    assert matched([asked], [stored]) == [(asked, None), (None, stored)]
    assert matched([asked, stored], [stored, asked]) == [(asked, asked), (stored, stored)]
