"""A stated precision: all floats of a program are cast, or the program is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch_zoo
from adapter_loading import Load
from torch_zoo import Exported, export, ones, torch, weights

from eqc_runner.failures import Unsupported

pytestmark = pytest.mark.frameworks

X = np.arange(8, dtype=np.float32).reshape(2, 4)


def forward(self: Any, x: Any) -> Any:
    """Names its type in an argument, has a constant, and makes a tensor without naming a type."""
    base = (
        torch().tensor([0.0, 0.25, 0.5, 0.75])
        + torch().zeros(2, 4, dtype=torch().float32)
        + torch().linspace(0, 1, 4)
    )
    return (x.to(torch().float32) @ self.w + base).softmax(-1)


def test_a_program_of_one_type_is_cast_whole(load: Load, tmp_path: Path) -> None:
    case = Exported(forward, (ones(2, 4),), state={"w": weights()})
    export(tmp_path, case)
    before = torch().get_default_dtype()
    model = load("torch", source="torch", path="model.pt2", precision="float64")
    ((_, plain),) = model.run({"x": X})
    ((_, again),), layers = model.run_layers({"x": X})
    assert torch().get_default_dtype() == before
    assert {layer.tensor.dtype for layer in layers} == {"float64"}
    assert plain.dtype == "float64"
    assert plain.array.tobytes() == again.array.tobytes()
    steps = X.astype(np.float64) @ weights().double().numpy() + np.linspace(0, 1, 4)
    steps += np.arange(4) / 4
    wanted = np.exp(steps) / np.exp(steps).sum(-1, keepdims=True)
    assert np.abs(plain.array - wanted).max() < 1e-15


@pytest.mark.parametrize("precision", ["float16", "float32", "float64"])
def test_a_program_of_several_types_is_refused(load: Load, tmp_path: Path, precision: str) -> None:
    def mixed(self: Any, x: Any) -> Any:
        return (x.half() @ self.w).float()

    export(tmp_path, Exported(mixed, (ones(2, 4),), state={"w": weights("float16")}))
    said = "computes in float16, float32, so.*leave 'precision' out"
    with pytest.raises(Unsupported, match=said) as raised:
        load("torch", source="torch", path="model.pt2", precision=precision)
    assert raised.value.code == "unsupported-precision"


def test_what_stays_of_another_type_is_found_at_the_run(load: Load, tmp_path: Path) -> None:
    def custom(self: Any, x: Any) -> Any:
        return torch().ops.aten._to_copy.default(x) + torch_zoo.module(
            Exported(lambda s, y: y, ())
        )(x)

    export(tmp_path, Exported(custom, (ones(2, 4),)))
    model = load("torch", source="torch", path="model.pt2", precision="float64")
    program = model._model
    program.cast = "float16"
    with pytest.raises(Unsupported, match=r"cast to float16, the program still computes .*float64"):
        program.check_cast([torch().ones(2, 4, dtype=torch().float64)])
