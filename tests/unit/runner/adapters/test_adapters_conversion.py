"""Every pair of dtypes against whole numbers and fractions: exact, rounded, or refused."""

from __future__ import annotations

import numpy as np
import pytest
from exact_values import COMPLEX, FLOATS, bits_of, rounded, value_of, width
from hypothesis import given, settings
from hypothesis import strategies as st

from eqc_runner.adapters.conversion import DTYPES, InexactError, carrier, convert

SOURCES = [dtype for dtype in DTYPES if dtype != "bfloat16"]
"""A tensor file of the user has no bfloat16."""
UNSIGNED = {8: "u1", 16: "u2", 32: "u4", 64: "u8"}


def edges(dtype: str) -> list[int]:
    """Bits around every power of two, of ±0, the infinities, NaNs and the ends of the integers."""
    if dtype == "bool":
        return [0, 1]
    if dtype in COMPLEX:
        part = COMPLEX[dtype]
        return [real | imaginary << width(part) for real in edges(part)[::7]
                for imaginary in (0, 1 << (width(part) - 1), 1)]  # fmt: skip
    size = width(dtype)
    found = {(1 << place) + more for place in range(size) for more in (-1, 0, 1)}
    if dtype in FLOATS:
        ones = (1 << FLOATS[dtype][0]) - 1
        found |= {(exponent << FLOATS[dtype][1]) + more
                  for exponent in range(ones + 1) for more in (-1, 0, 1)}  # fmt: skip
        found |= {bits | 1 << (size - 1) for bits in found}
    found |= {(1 << size) - bits for bits in range(1, 4)}
    return sorted(bits & ((1 << size) - 1) for bits in found)


def elements(dtype: str) -> st.SearchStrategy[int]:
    most = 1 if dtype == "bool" else (1 << width(dtype)) - 1
    return st.sampled_from(edges(dtype)) | st.integers(0, most)


def array_of(words: list[int], dtype: str) -> np.ndarray:
    size = width(dtype) // 8
    content = b"".join(word.to_bytes(size, "little") for word in words)
    return np.frombuffer(content, np.dtype(dtype).newbyteorder("<")).astype(dtype, copy=False)


def words_of(array: np.ndarray, dtype: str) -> list[int]:
    size = carrier(dtype).itemsize
    content = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
    words = [
        int.from_bytes(content[at : at + size], "little") for at in range(0, len(content), size)
    ]
    if dtype != "bfloat16":
        return words
    assert not any(word & 0xFFFF for word in words)
    return [word >> 16 for word in words]


def check(words: list[int], source: str, wanted: str) -> None:
    array = array_of(words, source)
    expected = [word if source == wanted else bits_of(value_of(word, source), wanted)
                for word in words]  # fmt: skip
    if None in expected:
        with pytest.raises(InexactError) as caught:
            convert(array, wanted, rounding=False)
        assert caught.value.index == (expected.index(None),)
    else:
        made = convert(array, wanted, rounding=False)
        assert not made.rounded
        assert made.array.dtype == carrier(wanted)
        assert words_of(made.array, wanted) == expected
    if source not in COMPLEX and wanted in FLOATS and source != wanted:
        best = [rounded(value_of(word, source)[0], wanted) for word in words]
        if None in best:
            with pytest.raises(InexactError) as caught:
                convert(array, wanted, rounding=True)
            assert caught.value.index == (best.index(None),)
            assert not caught.value.roundable
        else:
            made = convert(array, wanted, rounding=True)
            assert made.rounded == (None in expected)
            assert words_of(made.array, wanted) == best


@pytest.mark.parametrize("source", SOURCES)
def test_the_edges_of_every_type_one_by_one(source: str) -> None:
    for wanted in DTYPES:
        for word in edges(source)[:: 1 if width(source) < 64 else 7]:
            check([word], source, wanted)


@settings(max_examples=500, deadline=None)
@given(st.data(), st.sampled_from(SOURCES), st.sampled_from(DTYPES))
def test_a_conversion_is_made_exactly_where_every_value_stays(
    data: st.DataObject, source: str, wanted: str
) -> None:
    check(data.draw(st.lists(elements(source), max_size=6)), source, wanted)


def test_rounding_never_wraps_an_integer_or_drops_an_imaginary_part() -> None:
    for array, wanted in (
        (np.array([300]), "uint8"),
        (np.array([1.5]), "int32"),
        (np.array([2]), "bool"),
        (np.array([1 + 2j]), "float32"),
        (np.array([1e6]), "float16"),
    ):
        with pytest.raises(InexactError):
            convert(array, wanted, rounding=True)


def test_the_shape_and_the_index_are_the_tensors() -> None:
    assert convert(np.array(3), "uint8", rounding=False).array.shape == ()
    assert convert(np.zeros((2, 0)), "int8", rounding=False).array.shape == (2, 0)
    turned = np.array([[1, 2], [3, 400]]).T
    with pytest.raises(InexactError) as caught:
        convert(turned, "uint8", rounding=False)
    assert caught.value.index == (1, 1)
    assert convert(np.array([[1, 2], [3, 4]]).T, "int8", rounding=False).array.tolist() == [
        [1, 3],
        [2, 4],
    ]


def test_the_other_byte_order_is_no_conversion() -> None:
    made = convert(np.array([1, 2], ">i4"), "int32", rounding=False).array
    assert made.dtype == np.int32
    assert made.tolist() == [1, 2]
