"""The chain that imports compute equals the runner's chain, value for value."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqc_runner.chain import chain as runner_chain
from eqc_runner.digest import digest as runner_digest
from eqc_runner.tensor import Tensor
from orchestrator.results.tensor_file import TILE, chain, digest, tensor_file

CARRIER = {"float16": "<u2", "bfloat16": "<u2", "float32": "<u4", "float64": "<u8"}
VIEW = {"float16": "f2", "bfloat16": "u2", "float32": "f4", "float64": "f8"}


def both(dtype: str, words: np.ndarray) -> None:
    tensor = Tensor(dtype, words.view(VIEW[dtype]))
    data = words.astype(CARRIER[dtype]).tobytes()
    assert chain(dtype, words.shape, data) == runner_chain(tensor)
    assert digest(tensor_file(dtype, words.shape, data)) == runner_digest(tensor)


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from(sorted(CARRIER)), st.sampled_from([(), (0,), (7,), (2, 3, 5)]))
def test_same_as_the_runner(data: st.DataObject, dtype: str, shape: tuple[int, ...]) -> None:
    carrier = np.dtype(CARRIER[dtype])
    size = int(np.prod(shape))
    top = 2 ** (8 * carrier.itemsize) - 1
    words = data.draw(st.lists(st.integers(0, top), min_size=size, max_size=size))
    both(dtype, np.array(words, dtype=carrier).reshape(shape))


@pytest.mark.parametrize("size", [TILE - 1, TILE, TILE + 9])
def test_same_across_the_border_of_a_tile(size: int) -> None:
    both("float16", np.random.default_rng(1).integers(0, 2**16, size, dtype=np.uint16))


def test_what_is_no_float_has_no_chain() -> None:
    assert chain("int32", (2,), bytes(8)) is None


@pytest.mark.parametrize(
    ("dtype", "shape", "size", "words"),
    [
        ("float32", (2,), 7, "7 bytes"),
        ("complex64", (1,), 8, "complex64"),
        ("float32", (-1,), 0, "negative"),
    ],
)
def test_refuses_what_does_not_fit(
    dtype: str, shape: tuple[int, ...], size: int, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        tensor_file(dtype, shape, bytes(size))
