from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from orchestrator.analysis.classes.consequences import Tensor, consequences_of
from orchestrator.analysis.classes.distance import Comparison, compared, furthest
from orchestrator.results.floats import FORMATS
from orchestrator.results.outputs import links_of
from orchestrator.results.partitions import EqClass
from orchestrator.results.tensor_file import CARRIERS, chain, digest, tensor_file
from tests.unit.analysis.classes.differences import partition


def tensor(values: object, dtype: str = "float32") -> Tensor:
    """``bfloat16`` is given by its bits."""
    array = np.asarray(values, dtype="uint16" if dtype == "bfloat16" else dtype)
    return dtype, array.shape, array


def group(given: Tensor, *, links: bool = True) -> EqClass:
    dtype, shape, array = given
    data = np.ascontiguousarray(array).tobytes()
    name = digest(tensor_file(dtype, shape, data))
    made = links_of(chain(dtype, shape, data)) if links else None
    return EqClass(name[:12], 1, ("p",), (name,), f"{dtype}[{','.join(map(str, shape))}]", made)


def both(first: Tensor, second: Tensor, *, stored: Sequence[int] = (0, 1)) -> Comparison:
    groups = group(first), group(second)
    kept = {groups[place].digests[0]: (first, second)[place] for place in stored}
    return compared(*groups, kept.get)


def test_chains_alone_tell_the_bits_and_which_tensor_lacks() -> None:
    first = tensor([[1.0, 2.0]])
    second = tensor([[1.0, 2.0 + 2.0**-9]])
    found = both(first, second, stored=[0])
    assert (found.distance.bits, found.distance.of_bits, found.agreed) == (9, 23, 9)
    assert not found.distance.measured
    assert found.distance.unknown == (f"no tensor of {group(second).id} (current) is stored",)
    assert found.tensors is None


def test_a_baseline_without_chains_is_said() -> None:
    first = tensor([1.0])
    old = EqClass("0123456789ab", 1, ("p",), ())
    found = compared(old, group(first), None).distance
    assert found.bits is None
    assert found.unknown == (
        "bits are not known: the baseline has no chains",
        "the digest of 0123456789ab is not known: the baseline does not hold it",
        f"no tensor of {group(first).id} (current) is stored",
    )


def test_tensors_tell_everything() -> None:
    up = np.nextafter(np.float32(0.75), np.float32(1))
    found = both(tensor([[0.25, 0.75]]), tensor([[up, 0.75]])).distance
    assert (found.bits, found.largest_absolute) == (0, float(up) - 0.25)
    assert found.largest_ulps == (1 << 23) + (1 << 22) + 1
    assert found.flips is not None
    assert (found.flips.flipped, found.flips.rows) == (1, 1)
    assert found.measured
    assert found.unknown == ()


@pytest.mark.parametrize("shape", [(4,), (1, 1, 2, 2), (4, 1)])
def test_only_a_matrix_looks_like_scores(shape: tuple[int, ...]) -> None:
    first = tensor(np.arange(4).reshape(shape))
    assert both(first, tensor(first[2][::-1] + 1)).distance.flips is None


def test_shapes_that_differ_have_no_error() -> None:
    found = both(tensor([1.0]), tensor([1.0, 2.0]))
    assert found.distance.unknown == ("type or shape differs: float32[1] and float32[2]",)
    assert (found.agreed, found.distance.bits, found.distance.largest_absolute) == (-1, 0, None)


def test_floats_of_two_types_are_widened() -> None:
    found = both(tensor([0.1, 1.0], "float64"), tensor([0.1, 1.0]))
    assert (found.distance.bits, found.distance.of_bits) == (22, 23)
    assert found.distance.largest_absolute == abs(0.1 - float(np.float32(0.1)))
    assert found.distance.largest_ulps is None
    assert found.distance.unknown == ("two types have no common ULP: float64[2] and float32[2]",)


def test_integers_have_no_bits() -> None:
    found = both(tensor([[2**53, 5]], "int64"), tensor([[2**53 + 1, 5]], "int64")).distance
    assert (found.bits, found.largest_ulps, found.largest_absolute) == (None, None, 1.0)


@pytest.mark.parametrize("dtype", ["uint64", "int64", "int8"])
def test_integers_are_subtracted_exactly(dtype: str) -> None:
    info = np.iinfo(dtype)
    found = both(tensor([info.min], dtype), tensor([info.max], dtype)).distance
    assert found.largest_absolute == float(int(info.max) - int(info.min))


@pytest.mark.parametrize("other", ["float32", "float64", "int8"])
def test_complex_and_real_numbers_have_no_distance(other: str) -> None:
    found = both(tensor([1, 2], "complex64"), tensor([1, 2], other)).distance
    assert found.unknown == (f"type or shape differs: complex64[2] and {other}[2]",)
    assert found.largest_absolute is None


def test_complex_numbers_of_two_types() -> None:
    found = both(tensor([0.1j, 1], "complex128"), tensor([0.1j, 1], "complex64")).distance
    assert (found.bits, found.of_bits) == (22, 23)
    assert found.largest_absolute == abs(0.1 - float(np.float32(0.1)))


WIDTHS = {
    "float16": 16,
    "bfloat16": 16,
    "float32": 32,
    "float64": 64,
    "complex64": 64,
    **{name: 8 for name, known in FORMATS.items() if known.width == 8},
}


@given(st.data(), st.sampled_from(sorted(WIDTHS)))
def test_tensors_and_chains_agree_on_the_bits(data: st.DataObject, dtype: str) -> None:
    width = WIDTHS[dtype]
    words = arrays(f"uint{width}", (2, 2))
    first, mask = data.draw(words), data.draw(words)
    second = first ^ (mask >> np.array(data.draw(st.integers(0, width - 1)), mask.dtype))
    carrier = CARRIERS.get(dtype, dtype)
    pair = [(dtype, (2, 2), each.view(carrier)) for each in (first, second)]
    known, alone = both(pair[0], pair[1]), both(pair[0], pair[1], stored=[])
    assert known.agreed == alone.agreed
    assert known.distance.bits == alone.distance.bits


@given(
    arrays(np.float32, (2, 3), elements=st.floats(width=32)),
    arrays(np.float32, (2, 3), elements=st.floats(width=32)),
)
def test_symmetric(x: np.ndarray, y: np.ndarray) -> None:
    there, back = both(tensor(x), tensor(y)), both(tensor(y), tensor(x))
    assert there.distance == back.distance


def test_the_furthest_of_all_pairs() -> None:
    tensors = {
        "a" * 64: tensor([[1.0, 2.0]]),
        "b" * 64: tensor([[1.0, 2.5]]),
        "c" * 64: tensor([[3.0, 2.0]]),
    }
    found = partition({"a": "p", "b": "q", "c": "r", "d": "s"})
    classes = tuple(replace(one, type="float32[1,2]") for one in found.classes)
    typed = replace(found, classes=classes)
    apart = furthest(typed, consequences_of(typed, tensors.get))
    assert (apart.bits, apart.of_bits) == (10, 23)
    assert (apart.largest_absolute, apart.largest_relative) == (2.0, 2 / 3)
    assert apart.flips is not None
    assert apart.flips.flipped == 1
    assert apart.unknown == ("no tensor of class 4 is stored",)
    assert apart.measured
    untyped = furthest(found, consequences_of(found, tensors.get))
    assert untyped.flips is None
