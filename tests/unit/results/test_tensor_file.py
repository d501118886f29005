"""The chain that imports compute equals the runner's chain, value for value."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqc_runner.chain import MANTISSA_BITS as RUNNER_BITS
from eqc_runner.chain import chain as runner_chain
from eqc_runner.digest import digest as runner_digest
from eqc_runner.tensor import CARRIERS, Tensor
from orchestrator.results.tensor_file import CARRIERS as READ
from orchestrator.results.tensor_file import (
    MANTISSA_BITS,
    TILE,
    WIDTH,
    chain,
    digest,
    tensor_file,
)

FLOATS = sorted(MANTISSA_BITS)


def both(dtype: str, content: bytes, shape: tuple[int, ...]) -> None:
    array = np.frombuffer(content, np.dtype(CARRIERS[dtype]).newbyteorder("<")).reshape(shape)
    tensor = Tensor(dtype, array)
    assert chain(dtype, shape, content) == runner_chain(tensor)
    assert digest(tensor_file(dtype, shape, content)) == runner_digest(tensor)


@settings(max_examples=100, deadline=None)
@given(st.data(), st.sampled_from(FLOATS), st.sampled_from([(), (0,), (7,), (2, 3, 5)]))
def test_same_as_the_runner(data: st.DataObject, dtype: str, shape: tuple[int, ...]) -> None:
    size = int(np.prod(shape)) * WIDTH[dtype]
    both(dtype, data.draw(st.binary(min_size=size, max_size=size)), shape)


@pytest.mark.parametrize("dtype", ["float16", "complex64", "float8_e4m3fn", "float8_e8m0fnu"])
@pytest.mark.parametrize("size", [TILE - 1, TILE, TILE + 9])
def test_same_across_the_border_of_a_tile(size: int, dtype: str) -> None:
    both(dtype, np.random.default_rng(1).bytes(size * WIDTH[dtype]), (size,))


def test_the_same_types_and_widths_as_the_runner() -> None:
    assert {dtype: np.dtype(carrier).itemsize for dtype, carrier in CARRIERS.items()} == WIDTH
    assert {dtype: np.dtype(CARRIERS[dtype]).newbyteorder("<").str for dtype in READ} == {
        dtype: np.dtype(carrier).newbyteorder("<").str for dtype, carrier in READ.items()
    }
    assert RUNNER_BITS == MANTISSA_BITS


def test_what_is_no_float_has_no_chain() -> None:
    assert chain("int32", (2,), bytes(8)) is None


@pytest.mark.parametrize(
    ("dtype", "shape", "size", "words"),
    [
        ("float32", (2,), 7, "7 bytes"),
        ("complex256", (1,), 32, "complex256"),
        ("float32", (-1,), 0, "negative"),
    ],
)
def test_refuses_what_does_not_fit(
    dtype: str, shape: tuple[int, ...], size: int, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        tensor_file(dtype, shape, bytes(size))
