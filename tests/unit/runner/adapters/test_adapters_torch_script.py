"""TorchScript: defaults, constants, lists, dicts and tuples by the names of its parameters."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from adapter_loading import Load, started
from torch_zoo import script, torch, weights

from eqc_runner.digest import digest
from eqc_runner.failures import Failed, Unsupported

pytestmark = [
    pytest.mark.frameworks,
    # TorchScript is deprecated; users still have it.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]

X = np.arange(8, dtype=np.float32).reshape(2, 4)
DEFAULTS = """
def forward(self, x: Tensor, k: int = 2, flag: bool = True, rate: float = 0.5):
    return x * k * rate if flag else x
"""
PARTS = """
def forward(self, xs: List[Tensor], batch: Dict[str, Tensor], pair: Tuple[Tensor, Tensor],
            mask: Optional[Tensor] = None):
    out = xs[0] + 2 * xs[1] + 3 * batch["a.b"] + 5 * pair[0] + 7 * pair[1]
    if mask is not None:
        out = out + 11 * mask
    return out
"""


def loaded(load: Load, tmp_path: Path, source: str, **given: Any) -> Any:
    script(tmp_path, source, given.pop("state", None))
    return load("torch", source="torch", path="model.pt", **{"precision": "stored", **given})


@pytest.mark.parametrize(
    ("given", "factor"),
    [({}, 1.0), ({"k": 4}, 2.0), ({"rate": 2}, 4.0), ({"flag": False, "k": 9}, 1.0)],
)
def test_defaults_and_arguments(
    load: Load, tmp_path: Path, given: dict[str, Any], factor: float
) -> None:
    ((name, tensor),) = loaded(load, tmp_path, DEFAULTS, arguments=given).run({"input": X})
    assert (name, tensor.array.tolist()) == ("output", (X * factor).tolist())


def test_a_number_that_is_missing_is_said_where_to_give(load: Load, tmp_path: Path) -> None:
    source = "def forward(self, x: Tensor, rate: int):\n    return x * rate"
    with pytest.raises(Failed, match=r"x, rate \(int\); given were x; numbers.*under 'arguments'"):
        loaded(load, tmp_path, source).run({"x": X})


def test_lists_dicts_tuples_and_optionals(load: Load, tmp_path: Path) -> None:
    model = loaded(load, tmp_path, PARTS)
    names = ["xs.0", "xs.1", "batch.a.b", "pair.0", "pair.1"]
    given = dict.fromkeys(names, X)
    ((_, plain),) = model.run(given)
    ((_, masked),) = model.run({**given, "mask": X})
    assert plain.array.tolist() == (X * 18).tolist()
    assert masked.array.tolist() == (X * 29).tolist()
    with pytest.raises(Failed, match=r"xs \(List\[Tensor\]\).*given were xs.*xs\.0"):
        model.run({"xs": X})


@pytest.mark.parametrize(
    ("inputs", "arguments"),
    [
        (["y"], {}),
        (["x", "y"], {}),
        (["x"], {"j": 1}),
        (["x"], {"k": "two"}),
        (["x"], {"k": True}),
        (["x"], {"flag": 1}),
        ([], {}),
    ],
)
def test_what_does_not_fit_is_said_with_all_names(
    load: Load, tmp_path: Path, inputs: list[str], arguments: dict[str, Any]
) -> None:
    model = loaded(load, tmp_path, DEFAULTS, arguments=arguments)
    with pytest.raises(Failed) as raised:
        model.run(dict.fromkeys(inputs, X))
    assert raised.value.code == "input-missing"
    kinds = r"x, k \(int, default 2\), flag \(bool, default True\), rate \(float, default 0.5\)"
    assert re.search(f"{kinds}; given were {', '.join(inputs) or 'none'}", str(raised.value))


def test_every_run_is_the_first_step(load: Load, tmp_path: Path) -> None:
    source = """
def forward(self, x: Tensor):
    self.cache.add_(x)
    return self.cache * 1, (len(x.shape), "text", [x])
"""
    model = loaded(load, tmp_path, source, state={"cache": torch().zeros(2, 4)})
    first, second = model.run({"x": X}), model.run_layers({"x": X})[0]
    assert [name for name, _ in first] == ["0", "1.0", "1.1", "1.2.0"]
    assert digest(first[0][1]) == digest(second[0][1])
    assert (first[1][1].dtype, first[1][1].array.tolist()) == ("int64", 2)
    assert first[2][1].reason == "text is not recorded"


def test_floats_are_those_of_the_weights_where_they_have_one_type(
    load: Load, tmp_path: Path
) -> None:
    source = "def forward(self, x: Tensor): return x @ self.w"
    model = loaded(load, tmp_path, source, state={"w": weights("float16")})
    ((_, tensor),) = model.run({"x": X.astype(np.float64)})
    assert tensor.dtype == "float16"
    assert model.converted == ("x: float64 → float16",)
    assert started("torch").describe()["libraries"]["dtypes"] == "float16"


def test_a_script_that_shows_no_state_has_no_known_size(load: Load, tmp_path: Path) -> None:
    model = loaded(load, tmp_path, "def forward(self, x: Tensor): return x")
    assert (model.facts.parameters, model.facts.weights) == (None, None)


def test_a_script_that_shows_no_types_has_no_other_precision(load: Load, tmp_path: Path) -> None:
    source = "def forward(self, x: Tensor):\n    return x"
    with pytest.raises(Unsupported, match="only in the types it was made with, not in float16"):
        loaded(load, tmp_path, source, precision="float16")
