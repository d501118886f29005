"""Every operator of a program is shown, those of the graphs in it and of several outputs too."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from adapter_loading import Load
from torch_zoo import Exported, export, ones, torch, weights

from eqc_runner.digest import digest

pytestmark = pytest.mark.frameworks

X = np.arange(8, dtype=np.float32).reshape(2, 4)


def shown(load: Load, tmp_path: Path, case: Exported) -> dict[str, str]:
    """Operations by layer, of a program whose finals are the same with layers as without."""
    export(tmp_path, case)
    model = load("torch", source="torch", path="model.pt2", precision="stored")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain = [digest(tensor) for _, tensor in model.run({"x": X})]
        finals, layers = model.run_layers({"x": X})
    assert [digest(tensor) for _, tensor in finals] == plain
    return {layer.name: layer.operation for layer in layers}


def test_one_of_several_outputs_is_called_as_its_operator(load: Load, tmp_path: Path) -> None:
    def forward(self: Any, x: Any) -> Any:
        left, right = x.split(2, 1)
        return torch().topk(left, 1)[0] + right

    operations = list(shown(load, tmp_path, Exported(forward, (ones(2, 4),))).values())
    assert operations == ["split", "split", "topk", "topk", "add"]


def test_the_branch_that_ran(load: Load, tmp_path: Path) -> None:
    def forward(self: Any, x: Any) -> Any:
        return torch().cond(x.sum() > 0, lambda y: y.sin(), lambda y: y.cos(), (x,))

    layers = shown(load, tmp_path, Exported(forward, (ones(2, 4),)))
    assert layers["true_graph_0.sin"] == "sin"
    assert not any("cos" in name for name in layers)


def test_parts_without_gradients_or_with_autocast(load: Load, tmp_path: Path) -> None:
    def forward(self: Any, x: Any) -> Any:
        with torch().no_grad():
            first = x @ self.w
        with torch().autocast("cpu", torch().bfloat16):
            return first @ self.w

    layers = shown(load, tmp_path, Exported(forward, (ones(2, 4),), state={"w": weights()}))
    assert [name.partition(".")[2] for name, op in layers.items() if op == "matmul"] == [
        "matmul",
        "matmul_1",
    ]


def test_each_turn_of_a_loop(load: Load, tmp_path: Path) -> None:
    def forward(self: Any, x: Any) -> Any:
        from torch._higher_order_ops import while_loop

        count = x.new_zeros((), dtype=torch().int64)
        return while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * 2), (count, x))

    layers = shown(load, tmp_path, Exported(forward, (ones(2, 4),)))
    turns = [name for name, operation in layers.items() if operation == "mul"]
    assert len(turns) == 3
    assert [name.partition("#")[2] for name in turns] == ["", "2", "3"]
