"""Layers one by one, each of a model that ends there: the same layers as one run with taps has."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from adapter_loading import Load

pytestmark = pytest.mark.frameworks


@pytest.mark.parametrize("framework", ["onnxruntime", "openvino", "tensorflow"])
def test_the_layers_are_those_of_the_taps_and_close_to_them(load: Load, framework: str) -> None:
    x = {"input": np.random.default_rng(0).random((1, 32, 32, 1), dtype=np.float32)}
    loaded: Any = load(framework, "lenet5", weights="seed:1")
    cut = loaded.run_cut(x)
    _, tapped = loaded.run_layers(x)
    assert [(one.name, one.operation) for one in cut] == [
        (one.name, one.operation) for one in tapped
    ]
    for one, other in zip(cut, tapped, strict=True):
        np.testing.assert_allclose(one.tensor.array, other.tensor.array, rtol=1e-3, atol=1e-5)
