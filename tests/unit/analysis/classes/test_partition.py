from __future__ import annotations

import numpy as np
import pytest

from orchestrator.analysis.classes.partition import partitions
from orchestrator.analysis.observations.table import observations_table
from orchestrator.errors import ConflictError
from orchestrator.results.partitions import NOT_RECORDED, Missing, Partition, Planned, incomplete
from orchestrator.results.record import Observation, PlatformRecord
from tests.unit.analysis.records import A, B, C, cell, lacking, output, record


def partition(
    records: list[Observation], planned: tuple[Planned, ...] = (), **options: bool
) -> Partition:
    found = partitions(observations_table(records, planned), planned, **options)
    assert len(found) == 1
    return found[0]


def groups(found: Partition) -> list[tuple[int, tuple[str, ...]]]:
    return [(group.number, group.platforms) for group in found.classes]


def asked(platform: str, **reason: str) -> Planned:
    parts = (platform, "net", "digits:0", "numpy float32")
    return Planned(cell(*parts), *parts, **reason)


def test_equal_bits_are_one_class_numbered_by_first_appearance() -> None:
    found = partition([record("z", [A]), record("b", [B]), record("a", [A])])
    assert groups(found) == [(1, ("a", "z")), (2, ("b",))]
    assert found.classes[0].id == output(A)["digest"][:12]
    assert found.remaining_precision is not None
    assert found.mantissa_bits == 23
    assert found.sessions == 3


def test_the_plan_gives_the_order() -> None:
    planned = (asked("b"), asked("z"))
    found = partition([record("z", [A]), record("b", [B])], planned)
    assert groups(found) == [(1, ("b",)), (2, ("z",))]


def test_zeros_of_other_sign_and_nans_of_other_payload_are_other_classes() -> None:
    quiet = np.array([0x7FC00000], dtype=np.uint32).view(np.float32)
    other = np.array([0x7FC00001], dtype=np.uint32).view(np.float32)
    for first, second in ((np.float32([0.0]), np.float32([-0.0])), (quiet, other)):
        found = partition([record("a", [first]), record("b", [second])])
        assert len(found.classes) == 2


def test_a_varying_platform_stands_by_its_most_frequent_output() -> None:
    records = [record("a", [x], session=s) for s, x in enumerate((B, A, A))]
    found = partition([*records, record("b", [A]), record("c", [B])])
    assert groups(found) == [(1, ("a", "b")), (2, ("c",))]
    assert found.nondeterministic == ("a",)


def test_ties_go_to_the_smallest_digest() -> None:
    smallest = min(output(A)["digest"], output(B)["digest"])
    for order in ((A, B), (B, A)):
        found = partition([record("a", [x], session=s) for s, x in enumerate(order)])
        assert found.classes[0].digests == (smallest,)


def test_strict_keeps_varying_platforms_apart_by_their_set_of_outputs() -> None:
    records = [record("a", [x], session=s) for s, x in enumerate((A, A, B))]
    records += [record("b", [x], session=s) for s, x in enumerate((B, A))]
    records += [record("c", [A])]
    found = partition(records, strict=True)
    assert groups(found) == [(1, ("a", "b")), (2, ("c",))]
    assert len(found.classes[0].digests) == 2
    assert len(found.classes[0].id) == 12
    assert found.classes[0].id != found.classes[1].id


def test_only_ok_enters_and_the_others_are_named_with_their_reason() -> None:
    died = {"code": "illegal-instruction", "message": "SIGILL"}
    planned = (asked("a"), asked("b"), asked("c"), asked("d", status="skipped", reason="no QEMU"))
    records = [record("a", [A]), record("b", [], status="unsupported", reason=died)]
    found = partition(records, planned)
    assert groups(found) == [(1, ("a",))]
    assert found.missing == (
        Missing("b", "unsupported", "illegal-instruction: SIGILL"),
        Missing("c", "missing", "not observed"),
        Missing("d", "skipped", "no QEMU"),
    )


def test_a_failed_session_does_not_make_a_platform_missing() -> None:
    broken = record("a", [], status="failed", session=1, reason={"code": "timeout"})
    assert partition([record("a", [A]), broken]).missing == ()
    assert partition([broken, record("a", [A])]).missing == ()


def test_nothing_observed_is_a_partition_without_classes() -> None:
    found = partition([], (asked("a"),))
    assert found.classes == ()
    assert found.remaining_precision is None
    assert found.missing == (Missing("a", "missing", "not observed"),)
    assert found.output == "output"


def test_zero_platforms_give_no_partition() -> None:
    assert partitions(observations_table([])) == ()


def test_one_platform_is_one_class_of_full_precision() -> None:
    found = partition([record("a", [A])])
    assert groups(found) == [(1, ("a",))]
    assert found.remaining_precision == 23


def test_another_type_or_shape_is_another_class_and_is_said() -> None:
    found = partition([record("a", [A]), record("b", [A.astype(np.float16)])])
    assert len(found.classes) == 2
    assert found.remaining_precision == 0
    assert found.notes == ("outputs differ in type or shape: float16[1,3], float32[1,3]",)


def test_several_outputs_are_several_partitions_and_a_lacking_one_is_missing() -> None:
    both = [output(A, "output:x"), output(B, "output:y", 1)]
    observations = observations_table([record("a", both), record("b", both[:1])])
    first, second = partitions(observations)
    assert (first.output, second.output) == ("output:x", "output:y")
    assert groups(first) == [(1, ("a", "b"))]
    assert [missing.platform for missing in second.missing] == ["b"]


def test_a_later_attempt_replaces_a_failure_but_never_an_observation() -> None:
    failed = record("a", [], status="failed", attempt=0, reason={"code": "timeout"})
    assert partition([failed, record("a", [A], attempt=1)]).missing == ()
    late = record("a", [], status="failed", attempt=2, reason={"code": "timeout"})
    assert partition([record("a", [A], attempt=1), late]).sessions == 1


def test_a_session_recorded_twice_with_other_bits_is_a_conflict() -> None:
    assert partition([record("a", [A]), record("a", [A])]).sessions == 1
    with pytest.raises(ConflictError, match=r"session 0 .* other\s+bits"):
        observations_table([record("a", [A]), record("a", [C])])


def test_one_label_of_two_platforms_is_told_apart() -> None:
    other = record("a", [B])._replace(
        platform=PlatformRecord("other-id", "a", "ssh"), cell="another"
    )
    assert groups(partition([record("a", [A]), other])) == [(1, ("a",)), (2, ("a #other-",))]


def test_an_output_that_one_platform_could_not_record_is_missing_there_with_the_reason() -> None:
    both = [output(A, "output:x"), output(B, "output:y", 1)]
    records = [
        record("p", both),
        record("q", both[:1], unrecorded=[lacking("output:y", 1)]),
        record("r", [], status="failed", reason={"code": "signal", "message": "SIGSEGV"}),
    ]
    x, y = partitions(observations_table(records))
    assert [(one.platform, one.status) for one in x.missing] == [("r", "failed")]
    assert y.missing == (
        Missing("q", NOT_RECORDED, "strings are not recorded"),
        Missing("r", "failed", "signal: SIGSEGV"),
    )
    assert groups(y) == [(1, ("p",))]
    assert (x.sessions, y.sessions) == (2, 1)
    assert incomplete(x)
    assert incomplete(y)


@pytest.mark.parametrize("strict", [False, True])
def test_an_output_that_nobody_could_record_is_listed_and_nothing_is_missing(strict: bool) -> None:
    records = [
        record(platform, [output(A, "output:y", 1)], unrecorded=[lacking("output:x")])
        for platform in "pq"
    ]
    y, x = partitions(observations_table(records), strict=strict)
    assert (y.output, x.output, x.classes, x.sessions) == ("output:y", "output:x", (), 0)
    assert {one.status for one in x.missing} == {NOT_RECORDED}
    assert not incomplete(y)
    assert not incomplete(x)
    died = record("r", [], status="failed", reason={"code": "signal", "message": "SIGSEGV"})
    _, x = partitions(observations_table([*records, died]), strict=strict)
    assert incomplete(x)


def test_what_another_session_recorded_is_a_class_all_the_same() -> None:
    both = [output(A, "output:x"), output(B, "output:y", 1)]
    records = [
        record("p", both[1:], session=0, unrecorded=[lacking("output:x")]),
        record("p", both, session=1),
    ]
    found = {one.output: one for one in partitions(observations_table(records))}
    assert groups(found["output:x"]) == [(1, ("p",))]
    assert not found["output:x"].missing


def test_an_attempt_that_failed_lists_nothing() -> None:
    failed = {"code": "exception", "message": "it broke"}
    records = [
        record("p", [A], session=0),
        record("p", [], session=1, status="failed", reason=failed, unrecorded=[lacking("lstm")]),
    ]
    assert not observations_table(records).unrecorded


NO_MASK = {"code": "no-switch", "message": "onnxruntime has no mask avx"}
OLD_STATUS, NEW_STATUS = "skipped", "not-available"


@pytest.mark.parametrize("status", [OLD_STATUS, NEW_STATUS])
def test_what_is_not_available_is_in_no_class_and_not_missing(status: str) -> None:
    records = [
        record("a", [A]),
        record("mask/avx", [], status=status, reason=NO_MASK),
        record("broken", [], status="failed", reason={"code": "timeout", "message": "too long"}),
    ]
    found = partition(records)
    assert groups(found) == [(1, ("a",))]
    assert [one.platform for one in found.missing] == ["broken"]
    lacking = Missing("mask/avx", NEW_STATUS, NO_MASK["message"])
    assert found.not_available == (lacking,)
    assert [one.platform for one in found.without_output] == ["broken", "mask/avx"]


def test_what_may_yet_be_had_counts_before_what_cannot() -> None:
    died = {"code": "timeout", "message": "too long"}
    rows = [
        record("p", [], status="failed", reason=died),
        record("p", [], status=NEW_STATUS, reason=NO_MASK, session=1),
        record("q", [], status=NEW_STATUS, reason=NO_MASK),
        record("q", [], status="failed", reason=died, session=1),
    ]
    found = partition(rows)
    assert found.not_available == ()
    assert [one.platform for one in found.missing] == ["p", "q"]
