"""Outputs of members, matched by name or position, in one shape and one type; or not compared."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from orchestrator.analysis.classes.partition import NOT_COMPARABLE, partitions
from orchestrator.analysis.observations.comparable import Tensor, comparable
from orchestrator.analysis.observations.table import observations_table
from orchestrator.results.partitions import NOT_RECORDED, Partition
from orchestrator.results.record import Observation
from orchestrator.results.tensor_file import digest, tensor_file
from tests.unit.analysis.records import A, B, C, lacking, output, record

HALF = A.astype(np.float16)


def stored(*arrays: np.ndarray) -> dict[str, Tensor]:
    return {
        digest(tensor_file(a.dtype.name, a.shape, a.tobytes())): (a.dtype.name, a.shape, a)
        for a in arrays
    }


def found(
    rows: list[Observation],
    tensors: Mapping[str, Tensor] | None = None,
    outputs: tuple[tuple[str, str], ...] = (),
) -> tuple[Partition, ...]:
    made = comparable(rows, outputs, (tensors or {}).get)
    return partitions(observations_table(made.records), remarks=made.remarks)


def test_what_is_comparable_stays_as_it_is() -> None:
    rows = [record("p", [A]), record("q", [B])]
    made = comparable(rows, (), {}.get)
    assert made.records == tuple(rows)
    assert all(a is b for a, b in zip(made.records, rows, strict=True))


def test_names_that_differ_are_matched_by_position() -> None:
    rows = [
        record("p", [output(A, "output:x"), output(B, "output:y", 1)]),
        record("q", [output(A, "output:1"), output(C, "output:2", 1)]),
    ]
    x, y = found(rows)
    assert (x.output, len(x.classes), y.output, len(y.classes)) == ("output:x", 1, "output:y", 2)
    assert any("matched by position" in note for note in x.notes)


def test_a_mapping_goes_before_position() -> None:
    rows = [
        record("p", [output(A, "output:x"), output(B, "output:y", 1)]),
        record("q", [output(B, "output:b"), output(A, "output:a", 1)]),
    ]
    x, y = found(rows, outputs=(("a", "x"), ("b", "y")))
    assert [len(each.classes) for each in (x, y)] == [1, 1]
    assert not x.notes


def test_another_shape_is_not_comparable_and_no_class() -> None:
    wide = np.vstack([A, A])
    (one,) = found([record("p", [A]), record("q", [A]), record("r", [wide])])
    assert [group.platforms for group in one.classes] == [("p", "q")]
    (missing,) = one.missing
    assert (missing.platform, missing.status) == ("r", NOT_COMPARABLE)
    assert "[2,3]" in missing.reason
    assert "[1,3]" in missing.reason


def test_a_narrower_type_is_widened_and_its_precision_counts() -> None:
    same = HALF.astype(np.float32)
    rows = [record("half", [HALF]), record("same", [same]), record("other", [A])]
    (one,) = found(rows, stored(HALF))
    assert [group.platforms for group in one.classes] == [("half", "same"), ("other",)]
    assert one.mantissa_bits == 10
    assert one.remaining_precision is not None
    assert one.remaining_precision <= 10
    assert one.missing == ()


def test_without_its_tensor_a_narrower_type_is_not_comparable() -> None:
    (one,) = found([record("p", [A]), record("q", [A]), record("half", [HALF])])
    assert [group.platforms for group in one.classes] == [("p", "q")]
    assert one.missing[0].status == NOT_COMPARABLE
    assert "was not kept" in one.missing[0].reason


def test_whole_numbers_are_floats_where_each_is_exact() -> None:
    small, large = np.array([1, 2, -3], np.int64), np.array([1, 2, (1 << 24) + 1], np.int64)
    floats = small.astype(np.float32)
    (one,) = found([record("p", [floats]), record("q", [small])], stored(small))
    assert [group.platforms for group in one.classes] == [("p", "q")]
    (one,) = found([record("p", [floats]), record("q", [large])], stored(large))
    assert one.missing[0].platform == "q"
    assert "not every value" in one.missing[0].reason


def test_what_cannot_be_recorded_keeps_its_place_among_the_others() -> None:
    rows = [
        record("p", [output(A, "output:y", 1)], unrecorded=[lacking("output:x")]),
        record("q", [output(B, "output:1"), output(A, "output:2", 1)]),
    ]
    x, y = sorted(found(rows), key=lambda each: each.output)
    assert [(each.output, len(each.classes)) for each in (x, y)] == [
        ("output:x", 1),
        ("output:y", 1),
    ]
    assert not y.missing
    assert [(one.platform, one.status, one.reason) for one in x.missing] == [
        ("p", NOT_RECORDED, "strings are not recorded")
    ]


def test_a_mapping_names_what_cannot_be_recorded() -> None:
    rows = [
        record("p", [output(A, "output:y", 1)], unrecorded=[lacking("output:x")]),
        record("q", [output(A, "output:y", 1)], unrecorded=[lacking("output:labels")]),
    ]
    y, x = found(rows, outputs=(("labels", "x"),))
    assert (y.output, len(y.classes), y.missing) == ("output:y", 1, ())
    assert (x.output, x.classes) == ("output:x", ())
    assert [one.platform for one in x.missing] == ["p", "q"]
