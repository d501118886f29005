"""Values of torch as tensors of the format: bits as they are, or a reason."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from torch_zoo import torch

from eqc_runner.adapters.torch_values import recorded
from eqc_runner.tensor import Tensor, Unrecorded

pytestmark = pytest.mark.frameworks

NARROW = ["float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu"]


@pytest.mark.parametrize("dtype", [*NARROW, "uint8"])
def test_every_byte_stays(dtype: str) -> None:
    given = np.arange(256, dtype=np.uint8).reshape(16, 16)
    tensor = recorded(torch(), torch().from_numpy(given).view(getattr(torch(), dtype)))
    assert isinstance(tensor, Tensor)
    assert (tensor.dtype, tensor.array.tobytes()) == (dtype, given.tobytes())


def test_every_bfloat16_stays() -> None:
    given = np.arange(1 << 16, dtype=np.uint16)
    value = torch().from_numpy(given.view(np.int16)).view(torch().bfloat16)
    tensor = recorded(torch(), value)
    assert isinstance(tensor, Tensor)
    assert (tensor.dtype, tensor.array.tobytes()) == ("bfloat16", given.tobytes())


def test_views_that_torch_keeps_lazily_are_made() -> None:
    value = torch().tensor([[1 + 2j, 3 - 4j]])
    tensor = recorded(torch(), value.conj().T)
    assert isinstance(tensor, Tensor)
    assert (tensor.dtype, tensor.array.tolist()) == ("complex64", [[1 - 2j], [3 + 4j]])
    negative = recorded(torch(), value.conj().imag)
    assert isinstance(negative, Tensor)
    assert negative.array.tolist() == [[-2.0, 4.0]]


@pytest.mark.parametrize(
    ("value", "dtype"), [(True, "bool"), (-3, "int64"), (-0.0, "float64"), (1j, "complex128")]
)
def test_numbers_are_tensors_without_axes(value: Any, dtype: str) -> None:
    tensor = recorded(torch(), value)
    assert isinstance(tensor, Tensor)
    assert (tensor.dtype, tensor.shape) == (dtype, ())
    assert tensor.array.tobytes() == np.array(value, dtype).tobytes()


def test_the_rest_has_a_reason() -> None:
    ones = torch().ones(2, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values = {
            "text": "word",
            "int64": 1 << 63,
            "a object": object(),
            "quint8": torch().quantize_per_tensor(ones, 0.1, 10, torch().quint8),
            "torch.sparse_coo": ones.to_sparse(),
            "torch.sparse_csr": ones.to_sparse_csr(),
            "complex32": ones.to(torch().complex32),
            "nested": torch().nested.nested_tensor([ones, ones[:1]]),
        }
        for word, value in values.items():
            reason = recorded(torch(), value)
            assert isinstance(reason, Unrecorded), word
            assert word in reason.reason
