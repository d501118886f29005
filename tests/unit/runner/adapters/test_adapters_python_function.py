"""Models that are Python functions, and the tensors of several frameworks they may return."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import ml_dtypes
import numpy as np
import pytest
from adapter_loading import Load, started

from eqc_runner.adapters.python_function import recorded, tensor_of
from eqc_runner.failures import Failed
from eqc_runner.tensor import CARRIERS, Tensor, Unrecorded

CODE = """
import numpy as np

def double(inputs, factor=2):
    return {"twice": inputs["x"] * inputs["x"].dtype.type(factor), "sign": inputs["x"] > 0}

def layers(inputs, factor=2):
    return double(inputs, factor), {"half": inputs["x"] / 2}

double.layers = layers

class Group:
    @staticmethod
    def total(inputs):
        return inputs["x"].sum()

value = 3
"""


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"user_code_{abs(hash(str(tmp_path)))}"
    (tmp_path / f"{name}.py").write_text(CODE)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return name


def test_outputs_and_layers(load: Load, code: str) -> None:
    how = {"source": "python", "path": f"{code}.py", "arguments": {"factor": 3}, "batch": 2}
    model = load("numpy", f"{code}:double", precision="float16", **how)
    outputs = dict(model.run({"x": np.array([1.5], np.float32)}))
    assert outputs["twice"].dtype == "float16"
    assert outputs["twice"].array.tolist() == [4.5, 4.5]
    assert outputs["sign"].dtype == "bool"
    _, layers = model.run_layers({"x": np.array([1.5], np.float32)})
    assert [(x.name, x.tensor.array.tolist()) for x in layers] == [("half", [0.75, 0.75])]
    total = load("numpy", f"{code}:Group.total", source="python", path=".")
    assert total.run({"x": np.ones(4, np.float32)})[0][1].array == 4
    assert total.run_layers({"x": np.ones(4, np.float32)})[1] == []


@pytest.mark.parametrize(
    ("name", "message"),
    [("{}:none", "cannot import"), ("{}:value", "not a function"), ("{}", "is not 'package")],
)
def test_mistakes(load: Load, code: str, name: str, message: str) -> None:
    with pytest.raises(Failed, match=message):
        load("numpy", name.format(code), source="python", path=".")


@pytest.mark.frameworks
def test_tensors_of_torch() -> None:
    started("torch")
    import torch

    values = torch.tensor([1.0, -2.0, 3.140625])
    assert np.array_equal(tensor_of(values.requires_grad_()).array, values.detach().numpy())
    brief = tensor_of(values.to(torch.bfloat16))
    assert (brief.dtype, brief.array.tolist()) == ("bfloat16", [0x3F80, 0xC000, 0x4049])


@pytest.mark.frameworks
@pytest.mark.parametrize("dtype", ["float8_e4m3fn", "float8_e5m2", "complex64", "complex128"])
def test_small_and_complex_tensors_of_torch(dtype: str) -> None:
    started("torch")
    import torch

    given = torch.tensor([1.0, -2.0]).to(getattr(torch, dtype))
    found = tensor_of(given)
    assert found.dtype == dtype
    assert found.array.tobytes() == given.view(torch.uint8).numpy().tobytes()
    if given.is_complex():
        # A conjugate is a view in torch, which NumPy cannot have.
        assert tensor_of((given * 1j).conj()).array.tolist() == [-1j, 2j]


@pytest.mark.parametrize(
    ("dtype", "words"),
    [
        ("bfloat16", [0x3F80, 0xFFFF]),
        ("float8_e4m3fn", [0x38, 0xFF]),
        ("float8_e8m0fnu", [0x7F, 0xFF]),
        ("int4", [-8, 7]),
        ("uint4", [0, 15]),
    ],
)
def test_small_types_of_another_library(dtype: str, words: list[int]) -> None:
    carrier = np.dtype(CARRIERS[dtype])
    array = np.array(words, carrier)
    kind = getattr(ml_dtypes, dtype)
    given = array.astype(kind) if dtype.endswith("int4") else array.view(kind)
    found = tensor_of(given)
    assert (found.dtype, found.array.dtype, found.array.tolist()) == (dtype, carrier, words)


def test_four_bits_are_values_whatever_else_their_bytes_hold() -> None:
    given = np.array([0x0F, 0xF8], np.uint8).view(ml_dtypes.int4)
    assert tensor_of(given).array.tolist() == [-1, -8]


@pytest.mark.parametrize(
    "thing",
    [
        "text",
        np.array(["a", "b"]),
        np.array([b"a"]),
        [SimpleNamespace()],
        np.datetime64(0, "s"),
        {1, 2},
    ],
)
def test_other_things_are_no_tensors(thing: object) -> None:
    with pytest.raises(Failed, match="not a tensor of numbers"):
        tensor_of(thing)
    assert isinstance(recorded(thing), Unrecorded)


NESTED = """
import numpy as np

def nested(inputs):
    x = inputs["x"]
    return {
        "scores": x,
        "labels": np.array(["cat"]),
        "past": (x.astype("float64"), [x * 2, None]),
        "numbers": [[1, 2], [3, 4]],
        "loss": 0.5,
        "ragged": [[1], [2, 3]],
    }

def layers(inputs):
    return nested(inputs), {"lstm": (inputs["x"], inputs["x"] > 0), "words": "text"}

nested.layers = layers

def pair(inputs):
    return inputs["x"], inputs["x"].astype("float64")
"""


def test_each_leaf_is_an_output_by_itself(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    name = f"nested_{abs(hash(str(tmp_path)))}"
    (tmp_path / f"{name}.py").write_text(NESTED)
    x = np.array([1.5], np.float32)
    model = load("numpy", f"{name}:nested", source="python", path=f"{name}.py")
    found = dict(model.run({"x": x}))
    types = {path: (one.dtype, one.shape) for path, one in found.items() if isinstance(one, Tensor)}
    assert types == {
        "scores": ("float32", (1,)),
        "past.0": ("float64", (1,)),
        "past.1.0": ("float32", (1,)),
        "numbers": ("int64", (2, 2)),
        "loss": ("float64", ()),
        "ragged.0": ("int64", (1,)),
        "ragged.1": ("int64", (2,)),
    }
    reasons = {path: one.reason for path, one in found.items() if isinstance(one, Unrecorded)}
    assert reasons == {
        "labels": "text is not recorded",
        "past.1.1": "the model returned None here",
    }
    _, layers = model.run_layers({"x": x})
    assert [(one.name, type(one.tensor)) for one in layers] == [
        ("lstm.0", Tensor),
        ("lstm.1", Tensor),
        ("words", Unrecorded),
    ]
    pair = load("numpy", f"{name}:pair", source="python", path=f"{name}.py")
    assert [(path, one.dtype) for path, one in pair.run({"x": x})] == [
        ("0", "float32"),
        ("1", "float64"),
    ]


def test_texts_reach_a_function(load: Load, tmp_path: Path, code: str) -> None:
    (tmp_path / f"{code}.py").write_text(
        "import numpy as np\n\n\ndef lengths(inputs):\n"
        "    return np.array([len(text) for text in inputs['x']], np.int64)\n"
    )
    model = load("numpy", f"{code}:lengths", source="python", path=f"{code}.py")
    ((_, output),) = model.run({"x": np.array(["one", "zwölf"])})
    assert output.array.tolist() == [3, 5]
