from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from orchestrator.analysis.classes.consequences import ALL_PAIRS, Tensor, consequences_of
from orchestrator.analysis.classes.partition import partitions
from orchestrator.analysis.observations.table import observations_table
from orchestrator.results.consequences import ClassPair, Consequences, Outcome
from orchestrator.store.innfrastructure.files import Imported, read
from orchestrator.store.parse import parse_observation
from tests.unit.analysis.classes.differences import partition


def compared(*tensors: Tensor | None) -> Consequences:
    """The consequences of a partition in which every tensor is a class of one platform."""
    classes = {chr(ord("a") + place): f"p{place}" for place in range(len(tensors))}
    stored: Mapping[str, Tensor | None] = {
        key * 64: tensor for key, tensor in zip(classes, tensors, strict=True)
    }
    return consequences_of(partition(classes), stored.__getitem__)


def single(values: Any, dtype: str = "float32") -> Tensor:
    array = np.asarray(values, dtype=dtype)
    return dtype, array.shape, array


def pair(a: Any, b: Any, dtype: str = "float32") -> ClassPair:
    return compared(single(a, dtype), single(b, dtype)).pairs[0]


def test_a_small_example_by_hand() -> None:
    up = np.nextafter(np.float32(0.5), np.float32(1))
    found = pair([[0.25, 0.5, 0.25]], [[0.25, up, 0.75]])
    assert (found.elements, found.differing) == (3, 2)
    assert found.largest_absolute == 0.5
    assert found.largest_relative == pytest.approx(2 / 3)
    assert found.ulps is not None
    assert [(each.least, each.most, each.count) for each in found.ulps.bins[:2]] == [
        (0, 0, 1),
        (1, 1, 1),
    ]
    assert found.ulps.largest == 3 << 22  # 0.25 → 0.5 is one power of two, 0.5 → 0.75 half of one
    assert sum(each.count for each in found.ulps.bins) == 3
    assert found.flips is not None
    assert (found.flips.rows, found.flips.flipped) == (1, 1)


def test_labels_flip_by_row_and_ties_go_to_the_first() -> None:
    found = pair([[1, 2], [3, 3], [5, 4]], [[2, 1], [3, 3], [5, 4]])
    assert found.flips is not None
    assert (found.flips.rows, found.flips.flipped, found.flips.undefined) == (3, 1, 0)


def test_margins() -> None:
    found = compared(single([[0.5, 0.25, 0.125], [1, 0, 0.75]]), single([[2, 2, 0], [1, 2, 3]]))
    assert [margin.smallest for margin in found.margins] == [0.25, 0.0]
    assert [margin.rows for margin in found.margins] == [2, 2]


def test_a_missing_tensor_is_said_and_is_no_zero() -> None:
    found = compared(single([1, 2]), None)
    assert found.pairs[0].outcome is Outcome.NO_TENSOR
    assert found.pairs[0].largest_absolute is None
    assert found.pairs[0].ulps is None
    assert found.margins[1].outcome is Outcome.NO_TENSOR
    assert not found.complete
    assert found.flips is None
    assert found.notes == ("no tensor stored of class 2",)


def test_types_and_shapes_that_differ_are_not_compared() -> None:
    assert compared(single([1, 2]), single([1, 2, 3])).pairs[0].outcome is Outcome.OTHER_TYPE
    assert compared(single([1]), single([1], "float64")).pairs[0].outcome is Outcome.OTHER_TYPE


def test_nan_infinity_and_signed_zero() -> None:
    found = pair([np.nan, np.inf, 0.0, np.nan], [1.0, np.inf, -0.0, np.nan])
    assert found.differing == 2
    assert found.ulps is not None
    assert (found.ulps.unordered, found.ulps.equal_nans, found.ulps.signed_zeros) == (1, 1, 1)
    assert found.ulps.largest == 0
    assert (found.largest_absolute, found.largest_relative) == (0.0, 0.0)
    assert found.flips is not None
    assert (found.flips.flipped, found.flips.undefined) == (0, 1)


def test_one_infinity_is_infinitely_far() -> None:
    found = pair([np.inf, 1], [1, 1])
    assert (found.largest_absolute, found.largest_relative) == (math.inf, math.inf)
    assert pair([np.inf], [-np.inf]).largest_relative == math.inf


def test_only_nans_have_no_error() -> None:
    found = pair([np.nan], [1.0])
    assert (found.largest_absolute, found.largest_relative) == (None, None)
    assert found.ulps is not None
    assert found.ulps.largest is None


def test_the_relative_error_survives_an_overflow_of_the_difference() -> None:
    found = pair([1.5e308], [-1.5e308], "float64")
    assert (found.largest_absolute, found.largest_relative) == (math.inf, 2.0)


def test_no_axis_to_choose_from_has_no_label() -> None:
    assert pair(1.0, 2.0).flips is None
    assert pair([[1.0]], [[2.0]]).flips is None
    assert pair([], []).largest_absolute is None


def test_integers_have_errors_and_labels_but_no_ulps() -> None:
    found = pair([[1, 5]], [[6, 5]], "int8")
    assert found.ulps is None
    assert (found.differing, found.largest_absolute) == (1, 5.0)
    assert found.flips is not None
    assert found.flips.flipped == 1


def test_bfloat16() -> None:
    one, next_ = np.array([0x3F80], np.uint16), np.array([0x3F81], np.uint16)
    found = compared(("bfloat16", (1,), one), ("bfloat16", (1,), next_)).pairs[0]
    assert found.largest_absolute == 2.0**-7
    assert found.ulps is not None
    assert found.ulps.largest == 1


def test_complex_numbers_are_compared_part_by_part() -> None:
    one = np.array([[1 + 1j, 2 - 0.5j, complex(np.nan, 3)]], dtype=np.complex64)
    other = one.copy()
    other.view(np.uint32)[0, 1] += 3
    other.view(np.uint32)[0, 2] += 1
    other.view(np.float32)[0, 5] = 4
    found = compared(single(one, "complex64"), single(other, "complex64"))
    pair = found.pairs[0]
    assert (pair.elements, pair.differing) == (3, 3)
    assert pair.largest_absolute == 1.0
    assert pair.largest_relative == 0.25
    assert pair.ulps is not None
    assert (pair.ulps.largest, pair.ulps.equal_nans) == (1 << 22, 1)
    assert sum(each.count for each in pair.ulps.bins) == 5
    # There is no largest complex number.
    assert pair.flips is None
    assert found.margins[0].smallest is None


@pytest.mark.parametrize(
    ("dtype", "words", "steps", "error"),
    [
        ("float8_e4m3fn", ([0x00, 0x7F], [0x01, 0x7F]), 1, 2.0**-9),
        ("float8_e5m2", ([0x7B], [0x7C]), 1, math.inf),
        ("float8_e4m3fnuz", ([0x01, 0x80], [0x81, 0x80]), 2, 2.0**-9),
        ("float8_e5m2fnuz", ([0x7E], [0x7F]), 1, 8192.0),
        ("float8_e8m0fnu", ([0x7F], [0x81]), 2, 3.0),
    ],
)
def test_floats_of_8_bits(
    dtype: str, words: tuple[list[int], list[int]], steps: int, error: float
) -> None:
    first, second = (np.array(each, dtype=np.uint8) for each in words)
    found = compared((dtype, first.shape, first), (dtype, second.shape, second)).pairs[0]
    assert found.ulps is not None
    assert (found.ulps.largest, found.largest_absolute) == (steps, error)
    assert found.ulps.equal_nans == first.size - 1


def test_many_classes_are_compared_with_the_largest() -> None:
    count = ALL_PAIRS + 3
    classes = {chr(0x4E00 + place): f"p{place}" for place in range(count)}
    classes[chr(0x4E00 + 7)] = "p7 q r"
    found = consequences_of(partition(classes), lambda _: single([1.0]))
    assert len(found.pairs) == count - 1
    assert all(8 in (each.a, each.b) for each in found.pairs)
    assert found.notes == (f"{count} classes: each is compared with the largest only",)


floats = st.floats(width=32, allow_nan=True, allow_infinity=True)


@given(
    arrays(np.float32, (2, 3), elements=floats),
    arrays(np.float32, (2, 3), elements=floats),
)
def test_symmetric_and_zero_only_for_equal_values(x: np.ndarray, y: np.ndarray) -> None:
    there, back = pair(x, y), pair(y, x)
    assert there == back
    assert (there.differing == 0) == np.array_equal(x.view(np.uint32), y.view(np.uint32))
    assert there.ulps is not None
    apart = sum(each.count for each in there.ulps.bins if each.least > 0)
    assert there.differing == apart + there.ulps.signed_zeros + there.ulps.unordered
    if there.largest_relative is not None:
        assert 0 <= there.largest_relative <= 2 or there.largest_relative == math.inf


def test_the_study_has_no_label_flip_in_cifar10_medium(study_data: Any) -> None:
    """The study says that label flips are rare: these 16 softmax vectors differ in low bits."""
    records, tensors = [], {}
    for item in read(study_data / "equivalence_classes"):
        assert isinstance(item, Imported)
        records += map(parse_observation, item.records)
        for digest, file in item.tensors:
            tensors[digest] = np.frombuffer(file.partition(b"\n")[2], dtype="<f4")
    found = [
        consequences_of(each, lambda digest: ("float32", (1, 10), tensors[digest].reshape(1, 10)))
        for each in partitions(observations_table(records))
        if each.workload == "cifar10_medium"
    ]
    assert [len(each.margins) for each in found] == [16, 16, 16]
    assert all(len(each.pairs) == 120 and each.complete and each.flips == 0 for each in found)
    for each in found:
        assert all(0 < (margin.smallest or 0) < 1 for margin in each.margins)
        assert all(0 < (one.largest_absolute or 0) < 1e-5 for one in each.pairs)
        assert all(one.ulps and one.ulps.largest for one in each.pairs)
