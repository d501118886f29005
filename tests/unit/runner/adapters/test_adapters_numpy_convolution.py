"""The three convolutions against one by definition in float64."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eqc_runner.adapters.numpy_convolution import CONVOLUTIONS


def by_definition(images: np.ndarray, kernel: np.ndarray, strides: tuple[int, int]) -> np.ndarray:
    rows = (images.shape[1] - kernel.shape[0]) // strides[0] + 1
    columns = (images.shape[2] - kernel.shape[1]) // strides[1] + 1
    result = np.zeros((images.shape[0], rows, columns, kernel.shape[3]))
    for row in range(rows):
        for column in range(columns):
            top, left = row * strides[0], column * strides[1]
            window = images[:, top : top + kernel.shape[0], left : left + kernel.shape[1]]
            result[:, row, column] = np.einsum("bijc,ijcf->bf", window, kernel)
    return result


@pytest.mark.parametrize("name", CONVOLUTIONS)
@settings(max_examples=40, deadline=None)
@given(
    batch=st.integers(1, 3),
    height=st.integers(3, 9),
    width=st.integers(3, 9),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)) | st.just((3, 3)),
    inputs=st.integers(1, 3),
    outputs=st.integers(1, 4),
    strides=st.tuples(st.integers(1, 2), st.integers(1, 2)) | st.just((1, 1)),
)
def test_convolutions(
    name: str,
    batch: int,
    height: int,
    width: int,
    kernel: tuple[int, int],
    inputs: int,
    outputs: int,
    strides: tuple[int, int],
) -> None:
    random = np.random.default_rng(height * width)
    images = random.normal(size=(batch, height, width, inputs))
    weights = random.normal(size=(*kernel, inputs, outputs))
    found = CONVOLUTIONS[name](images, weights, strides)
    wanted = by_definition(images, weights, strides)
    assert found.shape == wanted.shape
    assert np.allclose(found, wanted, atol=1e-12)


def test_they_round_differently() -> None:
    random = np.random.default_rng(0)
    images = random.normal(size=(1, 16, 16, 64)).astype(np.float32)
    weights = random.normal(size=(3, 3, 64, 32)).astype(np.float32)
    found = {c(images, weights, (1, 1)).tobytes() for c in CONVOLUTIONS.values()}
    assert len(found) == 3
