"""Exported programs: every parameter by its name, every output by its path, every run the first."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch_zoo
from adapter_loading import Load, started
from torch_zoo import Exported, export, ones, torch, weights

from eqc_runner.adapters.protocol import Settings
from eqc_runner.adapters.torch_archive import no_unpickling
from eqc_runner.adapters.torch_program import Program
from eqc_runner.digest import digest
from eqc_runner.failures import Failed
from eqc_runner.tensor import Tensor, Unrecorded

pytestmark = pytest.mark.frameworks

X = np.arange(8, dtype=np.float32).reshape(2, 4)


def loaded(load: Load, tmp_path: Path, case: Exported, **given: Any) -> Any:
    export(tmp_path, case)
    return load("torch", source="torch", path="model.pt2", **{"precision": "stored", **given})


def digests(named: list[tuple[str, Any]]) -> list[tuple[str, str]]:
    return [(n, digest(t) if isinstance(t, Tensor) else t.reason) for n, t in named]


def test_outputs_are_leaves_named_by_path_and_keep_dtype_and_shape(
    load: Load, tmp_path: Path
) -> None:
    def forward(self: Any, x: Any) -> Any:
        halves = [(x, x[:, :2].double()), (x > 1, None)]
        return {"y": x * 2, "past": halves, "n": 3, "rate": 0.5, "rows": x.shape[0]}

    named = loaded(load, tmp_path, Exported(forward, (ones(2, 4),))).run({"x": X})
    found = {n: t if isinstance(t, Unrecorded) else (t.dtype, t.shape) for n, t in named}
    assert found == {
        "y": ("float32", (2, 4)),
        "past.0.0": ("float32", (2, 4)),
        "past.0.1": ("float64", (2, 2)),
        "past.1.0": ("bool", (2, 4)),
        "past.1.1": Unrecorded("the model returned None here"),
        "n": ("int64", ()),
        "rate": ("float64", ()),
        "rows": ("int64", ()),
    }


def test_tensors_given_by_keyword_in_dicts_and_lists(load: Load, tmp_path: Path) -> None:
    def forward(self: Any, batch: Any, xs: Any, *, mask: Any = None) -> Any:
        return batch["a"] * 2 + batch["b"] * 3 + xs[0] * 5 + xs[1] * 7 + mask * 11

    args = ({"a": ones(2, 4), "b": ones(2, 4)}, [ones(2, 4), ones(2, 4)])
    model = loaded(load, tmp_path, Exported(forward, args, {"mask": ones(2, 4)}))
    names = ["batch.a", "batch.b", "xs.0", "xs.1", "mask"]
    given = {name: X + number for number, name in enumerate(names)}
    wanted = X * 28 + 0 * 2 + 1 * 3 + 2 * 5 + 3 * 7 + 4 * 11
    ((_, plain),) = model.run(given)
    ((_, again),), layers = model.run_layers(dict(reversed(given.items())))
    assert plain.array.tolist() == wanted.tolist() == again.array.tolist()
    assert layers[-1].operation == "add"
    # Names as torch itself makes them are understood, too.
    assert model.run({n.replace(".", "_"): array for n, array in given.items()})
    with pytest.raises(Failed) as raised:
        model.run({"a": X, "b": X})
    said = "inputs are batch.a, batch.b, xs.0, xs.1, mask; given were a, b"
    assert said in str(raised.value)


def test_constants_are_as_exported(load: Load, tmp_path: Path) -> None:
    def forward(self: Any, x: Any, mask: Any = None, n: int = 1, *, scale: float = 1.0) -> Any:
        return x * n * scale if mask is None else x

    case = Exported(forward, (ones(2, 4), None, 3), {"scale": 0.5})
    ((_, plain),) = loaded(load, tmp_path, case).run({"x": X})
    assert plain.array.tolist() == (X * 1.5).tolist()
    said = {"mask": None, "n": 3, "scale": 0.5}
    same = load("torch", source="torch", path="model.pt2", precision="stored", arguments=said)
    assert digests(same.run({"x": X})) == [("output", digest(plain))]
    assert digests(same.run_layers({"x": X})[0]) == [("output", digest(plain))]
    with pytest.raises(Failed, match="n is the constant 3 in this program"):
        same.run({"x": X, "n": X})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"n": 4}, "exported with n=3, which is baked in: it cannot be run with 4"),
        ({"n": True}, "exported with n=3"),
        ({"m": 4}, "arguments that are no tensors are n=3; given were m"),
    ],
)
def test_other_constants_are_refused(
    load: Load, tmp_path: Path, given: dict[str, Any], said: str
) -> None:
    def forward(self: Any, x: Any, n: int) -> Any:
        return x * n

    with pytest.raises(Failed, match=re.escape(said)):
        loaded(load, tmp_path, Exported(forward, (ones(2, 4), 3)), arguments=given)


def test_a_number_that_was_left_free_is_an_argument(load: Load, tmp_path: Path) -> None:
    def forward(self: Any, x: Any, n: int) -> Any:
        return x[:n] * n

    free = torch().export.Dim.DYNAMIC
    case = Exported(forward, (ones(8, 2), 3), dynamic=({0: free}, free))
    model = loaded(load, tmp_path, case, arguments={"n": 5})
    ((_, plain),) = model.run({"x": np.ones((9, 2), np.float32)})
    assert plain.array.tolist() == [[5.0, 5.0]] * 5
    with pytest.raises(Failed, match=r"exported for other inputs.*n <= x\.size\(\)\[0\]"):
        model.run({"x": np.ones((2, 2), np.float32)})
    with pytest.raises(Failed, match="that are no tensors are n; given were none"):
        load("torch", source="torch", path="model.pt2", precision="stored")


def test_sizes_that_were_left_free_may_be_computed_with(load: Load, tmp_path: Path) -> None:
    def forward(self: Any, x: Any) -> Any:
        return x.shape[0], x.shape[0] * 1.5, x.shape[0] * 1e-5, x / x.shape[0]

    free = torch().export.Dim.DYNAMIC
    model = loaded(load, tmp_path, Exported(forward, (ones(3, 4),), dynamic=({0: free},)))
    plain, (again, _) = model.run({"x": X}), model.run_layers({"x": X})
    assert digests(plain) == digests(again)
    assert [tensor.array.tolist() for _, tensor in plain] == [2, 3.0, 2e-05, (X / 2).tolist()]


def test_a_program_names_the_device_it_is_run_on(tmp_path: Path) -> None:
    """Here one that holds no values, as there is no GPU to be had."""

    def forward(self: Any, x: Any) -> Any:
        return x + torch().zeros(2, 4, device=torch().device("cpu")) + self.w[0]

    path = tmp_path / export(tmp_path, Exported(forward, (ones(2, 4),), state={"w": weights()}))
    settings = Settings("stored", None, None, "gpu", {})
    with no_unpickling(torch()):
        program = Program(torch(), str(path), settings, {}, "meta")
    assert program.module(ones(2, 4).to("meta")).device.type == "meta"


def test_every_run_is_the_first_step(load: Load, tmp_path: Path) -> None:
    def forward(self: Any, x: Any) -> Any:
        self.cache.add_(x)
        x.mul_(2)
        return self.cache + x, self.cache

    case = Exported(forward, (ones(2, 4),), state={"cache": torch().zeros(2, 4)})
    model = loaded(load, tmp_path, case)
    inputs = {"x": X.copy()}
    first = digests(model.run(inputs))
    assert digests(model.run(inputs)) == first
    again, layers = model.run_layers(inputs)
    assert digests(again) == first
    assert digests(again) == [("0", digest(Tensor.of(X * 3))), ("1", digest(Tensor.of(X)))]
    # What was written in place later is not what this operator gave.
    assert layers[0].tensor.array.tolist() == X.tolist()
    assert inputs["x"].tolist() == X.tolist()


def test_random_numbers_begin_at_the_seed(load: Load, tmp_path: Path) -> None:
    def forward(self: Any, x: Any) -> Any:
        return x + torch().rand_like(x)

    model = loaded(load, tmp_path, Exported(forward, (ones(2, 4),)))
    first = digests(model.run({"x": X}))
    assert digests(model.run_layers({"x": X})[0]) == first
    assert started("torch").describe()["libraries"]["seed"] == 0
    other = load("torch", source="torch", path="model.pt2", precision="stored", flags={"seed": 7})
    assert digests(other.run({"x": X})) != first
    assert started("torch").describe()["libraries"]["seed"] == 7


def test_a_layer_that_cannot_be_recorded_takes_nothing_from_the_others(
    load: Load, tmp_path: Path
) -> None:
    def forward(self: Any, x: Any) -> Any:
        return torch().fft.rfft(x).abs() + (x.to_sparse().to_dense() * 0)[:, :3]

    finals, layers = loaded(load, tmp_path, Exported(forward, (ones(2, 4),))).run_layers({"x": X})
    assert [tensor.dtype for _, tensor in finals] == ["float32"]
    by_operation = {layer.operation: layer.tensor for layer in layers}
    assert by_operation["fft_rfft"].dtype == "complex64"
    assert "sparse tensors" in by_operation["to_sparse"].reason
    assert by_operation["add"].dtype == "float32"


def test_mixed_types_run_as_the_file_is_and_are_reported(load: Load, tmp_path: Path) -> None:
    def forward(self: Any, x: Any) -> Any:
        return (x.bfloat16() @ self.w).float() * self.scale + x @ self.tiny.float()

    state = {
        "w": weights("bfloat16"),
        "scale": torch().tensor(2.0, dtype=torch().float64),
        "tiny": weights("float8_e4m3fn"),
    }
    case = Exported(forward, (ones(2, 4),), state=state)
    model = loaded(load, tmp_path, case)
    with torch().inference_mode():
        wanted = torch_zoo.module(case)(torch().from_numpy(X)).numpy()
    ((_, plain),) = model.run({"x": X})
    assert plain.array.tobytes() == wanted.tobytes()
    said = started("torch").describe()["libraries"]["dtypes"]
    assert said == "bfloat16, float32, float64, float8_e4m3fn"
    assert model.facts.parameters == 33
    assert model.facts.weights is not None
