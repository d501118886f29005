from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.analysis.classes.consequences import Tensor, Tensors
from orchestrator.analysis.classes.difference import difference, difference_exit
from orchestrator.errors import Exit, UsageError
from orchestrator.results.difference import Change, Difference, PartitionDifference
from orchestrator.results.partitions import NOT_RECORDED, Missing, Partition
from orchestrator.results.record import SoftwareRecord
from orchestrator.results.tolerance import parse_tolerance
from tests.unit.analysis.classes.differences import partition


def only(before: Partition, after: Partition) -> PartitionDifference:
    found = difference([before], [after])
    assert len(found.partitions) == 1
    return found.partitions[0]


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ({"a": "p q", "b": "r"}, {"a": "p q", "b": "r"}, Change.SAME),
        ({"a": "p q", "b": "r"}, {"b": "r", "a": "p q"}, Change.SAME),  # only the numbers differ
        ({"a": "p q r"}, {"a": "p q", "b": "r"}, Change.SPLIT),
        ({"a": "p q r"}, {"x": "p q", "y": "r"}, Change.SPLIT),
        ({"a": "p q", "b": "r"}, {"a": "p q r"}, Change.MERGED),
        ({"a": "p q", "b": "r"}, {"x": "p q", "b": "r"}, Change.MOVED),  # other bits
        ({"a": "p q", "b": "r s"}, {"a": "p", "b": "q r s"}, Change.MOVED),  # q changed sides
        ({"a": "p q", "b": "r s"}, {"b": "p q", "a": "r s"}, Change.MOVED),  # swapped bits
        ({"a": "p q", "b": "r", "c": "s"}, {"a": "p", "d": "q", "b": "r s"}, Change.MOVED),
        ({"a": "p q", "b": "r"}, {"a": "p", "d": "q", "x": "r"}, Change.SPLIT),
        ({}, {}, Change.NOT_COMPARED),
        ({"a": "p"}, {"a": "q"}, Change.NOT_COMPARED),
    ],
)
def test_the_change_of_a_partition(
    before: dict[str, str], after: dict[str, str], change: Change
) -> None:
    found = only(partition(before), partition(after))
    assert found.change is change
    assert bool(found.changes) == (change not in (Change.SAME, Change.NOT_COMPARED))


def test_every_group_of_classes_is_told_apart() -> None:
    found = only(
        partition({"a": "p q", "b": "r", "c": "s", "d": "t"}),
        partition({"a": "p", "e": "q", "f": "r s", "x": "t"}),
    )
    assert [change.change for change in found.changes] == [
        Change.SPLIT,
        Change.MERGED,
        Change.MOVED,
    ]
    assert [change.grouping_kept for change in found.changes] == [False, False, True]
    assert found.changes[0].after[0].platforms == ("p",)
    assert found.changes[1].before[0].id == "b"


def test_a_missing_platform_is_never_the_same_silently() -> None:
    before, after = partition({"a": "p q"}), partition({"a": "p"}, missing="q")
    found = difference([before], [after])
    assert found.partitions[0].change is Change.SAME
    assert [absent.platform for absent in found.partitions[0].lacking] == ["q"]
    assert found.partitions[0].lacking[0].reason == "timeout"
    assert found.missing_platforms == ("q",)
    assert difference_exit(found) is Exit.INCOMPLETE


def test_a_platform_that_nobody_mentions_any_more_is_missing() -> None:
    found = difference([partition({"a": "p q"})], [partition({"a": "p"})])
    assert found.partitions[0].lacking[0].status == "absent"
    assert difference_exit(found) is Exit.INCOMPLETE


def test_what_the_baseline_lacked_may_still_be_missing() -> None:
    found = difference([partition({"a": "p"}, missing="q")], [partition({"a": "p"}, missing="q")])
    assert found.partitions[0].missing[0].expected
    assert difference_exit(found) is Exit.DONE


def test_missing_is_more_serious_than_different() -> None:
    found = difference([partition({"a": "p q"})], [partition({"b": "p"}, missing="q")])
    assert found.differs
    assert difference_exit(found) is Exit.INCOMPLETE
    assert difference_exit(difference([partition({"a": "p"})], [partition({"b": "p"})])) is (
        Exit.DIFFERENT
    )


def test_new_platforms_are_listed_and_fail_nothing() -> None:
    found = difference([partition({"a": "p"})], [partition({"a": "p", "b": "q"})])
    assert found.new_platforms == ("q",)
    assert found.partitions[0].new == ("q",)
    assert difference_exit(found) is Exit.DONE


def test_newly_nondeterministic_is_a_difference_the_reverse_is_not() -> None:
    steady, varying = partition({"a": "p"}), partition({"a": "p"}, varying="p")
    found = difference([steady], [varying])
    assert found.partitions[0].change is Change.SAME
    assert found.partitions[0].newly_nondeterministic == ("p",)
    assert difference_exit(found) is Exit.DIFFERENT
    back = difference([varying], [steady])
    assert back.partitions[0].no_longer_nondeterministic == ("p",)
    assert difference_exit(back) is Exit.DONE


def test_a_change_says_which_platforms_may_have_moved_by_chance() -> None:
    found = only(partition({"a": "p q"}, varying="q"), partition({"a": "p", "b": "q"}))
    assert found.changes[0].varying == ("q",)


def test_partitions_of_one_side_only() -> None:
    one, other = partition({"a": "p"}), partition({"a": "p"}, output="output:b")
    found = difference([one], [other])
    assert [each.change for each in found.partitions] == [
        Change.ONLY_BASELINE,
        Change.ONLY_CURRENT,
    ]
    assert difference_exit(found) is Exit.INCOMPLETE
    assert difference_exit(difference([], [other])) is Exit.DONE
    assert difference_exit(difference([], [])) is Exit.DONE


def test_two_partitions_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two partitions are called net"):
        difference([partition({}), partition({})], [])


ids = st.dictionaries(st.sampled_from("pqrstuvw"), st.sampled_from("abcd"))


def of(ids_by_platform: dict[str, str]) -> Partition:
    classes: dict[str, str] = {}
    for name, key in ids_by_platform.items():
        classes[key] = f"{classes.get(key, '')} {name}"
    return partition(classes)


@settings(deadline=None)
@given(ids, ids)
def test_against_the_definition_by_pairs_of_platforms(
    old: dict[str, str], new: dict[str, str]
) -> None:
    found = only(of(old), of(new))
    common = sorted(old.keys() & new.keys())
    pairs = [(p, q) for p in common for q in common if p < q]
    came_apart = any(old[p] == old[q] and new[p] != new[q] for p, q in pairs)
    united = any(old[p] != old[q] and new[p] == new[q] for p, q in pairs)
    rebitten = any(old[p] != new[p] for p in common)
    if not common:
        expected = Change.NOT_COMPARED
    elif came_apart and united:
        expected = Change.MOVED
    elif came_apart:
        expected = Change.SPLIT
    elif united:
        expected = Change.MERGED
    else:
        expected = Change.MOVED if rebitten else Change.SAME
    assert found.change is expected
    covered = [
        name for change in found.changes for side in change.before for name in side.platforms
    ]
    assert sorted(covered) == sorted(
        name for change in found.changes for side in change.after for name in side.platforms
    )
    assert {name for name in common if old[name] != new[name]} <= set(covered)
    assert set(found.new) == new.keys() - old.keys()
    assert {absent.platform for absent in found.missing} == old.keys() - new.keys()


@settings(deadline=None)
@given(ids)
def test_nothing_differs_from_itself(old: dict[str, str]) -> None:
    same = of(old)
    renumbered = replace(
        same,
        classes=tuple(replace(group, number=9 - group.number) for group in same.classes),
    )
    assert difference_exit(difference([same], [renumbered])) is Exit.DONE


def test_a_large_class_costs_no_square_of_its_size() -> None:
    names = " ".join(f"p{number:05}" for number in range(20_000))
    assert only(partition({"a": names}), partition({"b": names})).change is Change.MOVED


ONE = np.array([[0.25, 0.75]], np.float32)
NEAR = np.nextafter(ONE, np.float32(1), dtype=np.float32)
TENSORS: dict[str, Tensor] = {
    "a" * 64: ("float32", (1, 2), ONE),
    "b" * 64: ("float32", (1, 2), NEAR),
}


def judged(*tolerances: str, tensors: Tensors | None = TENSORS.get, **changes: Any) -> Difference:
    before, after = partition({"a": "p q"}), partition({"a": "p", "b": "q"}, **changes)
    given = [parse_tolerance(text) for text in tolerances]
    return difference([before], [after], tensors=tensors, tolerances=given)


def test_what_moved_says_how_far() -> None:
    (moved,) = judged().partitions[0].moved
    assert (moved.before, moved.after, moved.platforms) == ("a", "b", ("q",))
    assert moved.distance.largest_ulps == 1
    assert moved.within is None
    assert difference([partition({"a": "p"})], [partition({"a": "p"})]).partitions[0].moved == ()


def test_a_tolerance_decides_the_exit_code_alone() -> None:
    within, beyond = judged("1ulp"), judged("0ulp")
    assert (difference_exit(within), difference_exit(beyond)) == (Exit.DONE, Exit.DIFFERENT)
    for one in (within, beyond):
        assert one.differs
        assert one.partitions[0].change is Change.SPLIT
    assert (within.partitions[0].tolerated, beyond.partitions[0].tolerated) == (True, False)
    assert beyond.partitions[0].moved[0].beyond == ("0ulp: 1 ulp",)


def test_what_cannot_be_judged_is_not_within() -> None:
    assert difference_exit(judged("1000ulp", tensors=None)) is Exit.DIFFERENT
    assert difference_exit(judged("0bits", tensors=None)) is Exit.DIFFERENT


def test_a_tolerance_of_another_output_does_not_count() -> None:
    assert difference_exit(judged("output:0ulp", "9ulp")) is Exit.DIFFERENT
    assert difference_exit(judged("output:9ulp", "0ulp")) is Exit.DONE
    with pytest.raises(UsageError, match="no output is called 'logits'; there are output"):
        judged("logits:9ulp")


def test_newly_nondeterministic_and_missing_are_tolerated_nowhere() -> None:
    assert difference_exit(judged("9ulp", varying="p")) is Exit.DIFFERENT
    assert difference_exit(judged("9ulp", missing="r")) is Exit.INCOMPLETE


def software(*known: SoftwareRecord) -> Partition:
    return replace(partition({"a": "p"}), software=known)


@pytest.mark.parametrize(
    ("before", "after", "differs"),
    [
        ([("x", "1")], [("x", "1")], False),
        ([("x", "1")], [("y", "1")], True),
        ([(None, "1")], [("y", "1")], False),
        ([(None, "1")], [("y", "2")], True),
        ([], [("y", "2")], None),
        ([("x", "1"), ("y", "2")], [("y", "2")], True),
    ],
)
def test_software_is_compared_by_id_else_by_version(
    before: list[tuple[str | None, str]], after: list[tuple[str | None, str]], differs: bool | None
) -> None:
    sides = [
        software(*(SoftwareRecord(id_, "numpy", version) for id_, version in side))
        for side in (before, after)
    ]
    found = difference([sides[0]], [sides[1]])
    assert found.software_differs is differs
    assert found.software == (sides[0].software, sides[1].software)
    assert difference_exit(found) is Exit.DONE


def unrecorded(classes: dict[str, str], names: str) -> Partition:
    missing = tuple(Missing(name, NOT_RECORDED, "strings") for name in names.split())
    return replace(partition(classes), missing=missing)


def test_what_became_unrecorded_or_recorded_is_told_from_what_is_missing_or_new() -> None:
    before, after = unrecorded({"a": "p q"}, "r"), unrecorded({"a": "p r s"}, "q t")
    (found,) = difference([before], [after]).partitions
    assert (found.newly_unrecorded, found.newly_recorded) == (("q",), ("r",))
    assert found.new == ("r", "s")
    assert [absent.platform for absent in found.lacking] == ["q", "t"]


def test_what_nobody_can_record_is_missing_on_neither_side() -> None:
    nothing = unrecorded({}, "p q")
    assert not difference([], [nothing]).incomplete
    assert not difference([nothing], [nothing]).incomplete
    assert not difference([nothing], []).incomplete
    assert difference([], [unrecorded({"a": "p"}, "q")]).incomplete
