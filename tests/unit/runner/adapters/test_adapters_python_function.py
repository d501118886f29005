"""Models that are Python functions, and the tensors of several frameworks they may return."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from adapter_loading import Load, started

from eqc_runner.adapters.python_function import tensor_of
from eqc_runner.failures import Failed

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


def test_other_things_are_no_tensors() -> None:
    for thing in ("text", [SimpleNamespace()], np.array([1 + 2j])):
        with pytest.raises(Failed, match="not a tensor of numbers"):
            tensor_of(thing)


def test_texts_reach_a_function(load: Load, tmp_path: Path, code: str) -> None:
    (tmp_path / f"{code}.py").write_text(
        "import numpy as np\n\n\ndef lengths(inputs):\n"
        "    return np.array([len(text) for text in inputs['x']], np.int64)\n"
    )
    model = load("numpy", f"{code}:lengths", source="python", path=f"{code}.py")
    ((_, output),) = model.run({"x": np.array(["one", "zwölf"])})
    assert output.array.tolist() == [3, 5]
