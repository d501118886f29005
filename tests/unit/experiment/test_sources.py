"""Tensors that are stated, random or both: in the dtypes, names and shapes that a model says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from orchestrator.experiment.input_entry import InputEntry, RandomTensors
from orchestrator.experiment.model_inputs.model_input import ModelInput
from orchestrator.experiment.random_tensors import key_of, random_tensor
from orchestrator.experiment.sources import random_tensors
from orchestrator.yaml_files.files import FileMistake
from orchestrator.yaml_files.mistakes import Mistakes
from orchestrator.yaml_files.text import parse
from tests.environment import ROOT

from .conftest import Load, Told, text_of

FREE = """\
workloads:
  - {model: torch:net.pt}
"""


@pytest.fixture(autouse=True)
def _model(tmp_path: Path) -> None:
    (tmp_path / "net.pt").write_bytes(b"x")


def made(load: Load, entry: str) -> dict[str, np.ndarray]:
    ((given, _),) = load(text_of(workloads=FREE, inputs=f"inputs:\n  - {entry}\n")).inputs
    return {name: np.load(path, allow_pickle=False) for name, _, path in given.tensors}


@pytest.mark.parametrize(
    ("entry", "dtype", "values"),
    [
        ("values: 16000", "int64", 16000),
        ("values: [[1, 2], [3, 4]]", "int64", [[1, 2], [3, 4]]),
        ("values: [true, false]", "bool", [True, False]),
        ("{values: [0.5, 1], dtype: float16}", "float16", [0.5, 1]),
        ("{values: 0, dtype: float32, shape: [2, 1, 2]}", "float32", [[[0, 0]], [[0, 0]]]),
        ("{values: 7, dtype: uint8, shape: []}", "uint8", 7),
    ],
)
def test_stated_values(load: Load, entry: str, dtype: str, values: object) -> None:
    found = made(load, entry)["input"]
    assert (found.dtype.name, found.tolist()) == (dtype, values)


def test_a_random_tensor_of_integers_or_booleans(load: Load) -> None:
    found = made(load, "random: {dtype: int64, low: 5, high: 8, shape: [4, 100], seed: 2}")["input"]
    assert found.dtype == np.int64
    assert sorted(set(found.ravel().tolist())) == [5, 6, 7]
    assert found.tobytes() == random_tensor((4, 100), "uniform", 2, "int64", 5, 8).tobytes()
    found = made(load, "random: {dtype: bool, shape: [100]}")["input"]
    assert set(found.tolist()) == {False, True}
    found = made(load, "random: {low: -2, high: -1, shape: [100]}")["input"]
    assert found.dtype == np.float32
    assert (found >= -2).all()
    assert (found <= -1).all()


def test_tensors_of_any_kind_make_one_input(load: Load, tmp_path: Path) -> None:
    Image.fromarray(np.full((2, 3, 3), 200, np.uint8)).save(tmp_path / "p.png")
    np.save(tmp_path / "a.npy", np.ones(2, np.float32))
    found = made(
        load,
        "tensors:\n"
        "      pixels: {image: p.png, dtype: uint8, layout: NCHW}\n"
        "      ids: {tokens: {text: ab, by: bytes}}\n"
        "      noise: {random: {shape: [2], seed: 4}}\n"
        "      sr: {values: 16000}\n"
        "      said: {text: hello}\n"
        "      state: {file: a.npy}\n",
    )
    kinds = {name: (each.dtype.name, each.shape) for name, each in found.items()}
    assert kinds == {
        "pixels": ("uint8", (1, 3, 2, 3)),
        "ids": ("int64", (1, 2)),
        "noise": ("float32", (2,)),
        "sr": ("int64", ()),
        "said": ("str160", (1,)),
        "state": ("float32", (2,)),
    }
    assert set(found["pixels"].ravel().tolist()) == {200}
    # Its numbers do not depend on what else there is.
    alone = random_tensor((2,), "uniform", key_of(4, "noise"), "float32")
    assert found["noise"].tobytes() == alone.tobytes()


def test_a_picture_as_it_is(load: Load, tmp_path: Path) -> None:
    pixels = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    Image.fromarray(pixels).save(tmp_path / "p.png")
    found = made(load, "{images: [p.png], dtype: uint8}")["input"]
    assert (found.dtype, found.tobytes()) == (np.uint8, pixels[None].tobytes())
    digit = made(load, "{images: [digits:0], dtype: uint8, size: 8, channels: 1}")["input"]
    assert (digit.dtype, int(digit.max())) == (np.uint8, 15)


IDS = ModelInput("ids", (None, None), "int64", axes=("batch", "sequence"))
MASK = ModelInput("mask", (None, None), "bool", axes=("batch", "sequence"))
IMAGE = ModelInput("image", (None, 3), "bfloat16")


def entry(**fields: object) -> RandomTensors:
    return RandomTensors.model_validate(fields)


def test_names_shapes_and_dtypes_of_the_model() -> None:
    wanted = entry(high=100, sizes={"sequence": 8}, seed=3)
    found = random_tensors(wanted, (IDS, MASK, IMAGE))
    assert {name: (each.dtype.name, each.shape) for name, each in found.items()} == {
        "ids": ("int64", (1, 8)),
        "mask": ("bool", (1, 8)),
        "image": ("float32", (1, 3)),
    }
    bits = found["image"].view(np.uint32) & np.uint32(0xFFFF)
    assert not bits.any(), "bfloat16 has these values"
    again = random_tensors(entry(high=100, sizes={"sequence": 8}, seed=3), (MASK, IDS))
    assert again["ids"].tobytes() == found["ids"].tobytes()


def test_what_one_tensor_has_of_its_own() -> None:
    own = {"ids": {"high": 2, "shape": [2, 4]}, "image": {"distribution": "normal"}}
    found = random_tensors(entry(high=100, inputs=own, sizes={"mask.1": 4, "batch": 2}),
                           (IDS, MASK, replace(IMAGE, shape=(7,), dtype="float64")))  # fmt: skip
    assert (found["ids"].shape, found["mask"].shape, found["image"].shape) == ((2, 4), (2, 4), (7,))


def test_inputs_that_need_not_be_there_are_left_out_unless_they_are_named() -> None:
    optional = replace(MASK, required=False)
    sizes = {"sequence": 2}
    assert list(random_tensors(entry(high=9, sizes=sizes), (IDS, optional))) == ["ids"]
    named = entry(high=9, sizes=sizes, inputs={"mask": {}})
    assert list(random_tensors(named, (IDS, optional))) == ["ids", "mask"]


@pytest.mark.parametrize(
    ("fields", "inputs", "part"),
    [
        ({"sizes": {"sequence": 8}}, (IDS,), "'ids': say which int64 are wanted"),
        ({"high": 9}, (IDS,), "leaves the length of axis 1 open: say it with 'sizes: {sequence:"),
        ({"sizes": {"sequense": 8}}, (IDS,), "did you mean 'sequence'?"),
        ({"inputs": {"idz": {}}}, (IDS,), "has no input 'idz'; did you mean 'ids'?"),
        ({}, (ModelInput("t", (1,), "string"),), "no random numbers of its type (string)"),
        ({}, (ModelInput("t", None, "float32"),), "does not say its shape"),
        ({}, None, "the model's is not known here"),
        ({"inputs": {"a": {"dtype": "int8"}}}, None, "the model's is not known here"),
    ],
)
def test_what_the_model_does_not_say_is_wanted(
    fields: dict[str, object], inputs: tuple[ModelInput, ...] | None, part: str
) -> None:
    with pytest.raises(FileMistake) as caught:
        random_tensors(entry(**fields), inputs)
    assert part in str(caught.value)


@pytest.mark.frameworks
def test_one_entry_makes_all_inputs_of_an_onnx_file(load: Load, told: Told, tmp_path: Path) -> None:
    from tests.unit.experiment.model_inputs.test_onnx_header import tensor, write

    listed = [tensor("ids", "int64", ["batch", "sequence"]), tensor("t", "string", ["batch"])]
    write(tmp_path / "one.onnx", listed[:1])
    write(tmp_path / "two.onnx", listed)
    workloads = "workloads: [{model: onnx:one.onnx}]\n"
    inputs = "inputs:\n  - random: {high: 10, sizes: {sequence: 4}}\n"
    ((given, _),) = load(text_of(workloads=workloads, inputs=inputs)).inputs
    assert [(name, np.load(path).shape) for name, _, path in given.tensors] == [("ids", (1, 4))]
    workloads = workloads.replace("one", "two")
    (mistake,) = told(text_of(workloads=workloads, inputs=inputs))
    assert mistake.message.startswith("'t': there are no random numbers of its type (string)")
    inputs = "inputs:\n  - tensors: {ids: {values: [[1]]}, t: {text: hello}}\n"
    assert load(text_of(workloads=workloads, inputs=inputs)).inputs
    (mistake,) = told(
        text_of(workloads=workloads, inputs=inputs.replace("text: hello", "values: [1]"))
    )
    assert "has int64, the model takes string" in mistake.message
    (mistake,) = told(
        text_of(workloads=workloads, inputs=inputs.replace("values: [[1]]", "text: [[a]]"))
    )
    assert "has texts, the model takes int64" in mistake.message


@pytest.mark.parametrize(
    ("entry", "part"),
    [
        ("values: [1, [2]]", "lists in a list are of one length"),
        ("values: [a]", "values are numbers or booleans"),
        ("{values: 300, dtype: uint8}", "300, which is no uint8"),
        ("{values: [1, 0.5], dtype: int8}", "'values' has 0.5 at [1], which is no int8"),
        ("{values: [1, 2], shape: [2]}", "here are several values"),
        ("{values: 1, scale: 2}", "'scale' applies to images only, not to values"),
        ("{random: {shape: [1]}, dtype: int8}", "'dtype' applies to values and images only"),
        ("random: {dtype: int64, shape: [1]}", "say which int64 are wanted"),
        ("random: {dtype: int8, low: 3, high: 3, shape: [1]}", "is no range of int8"),
        ("random: {dtype: int8, high: 1.5, shape: [1]}", "should be whole numbers"),
        ("random: {dtype: bool, high: 1, shape: [1]}", "a bool has no range"),
        ("random: {low: 2, high: 1, shape: [1]}", "'low' 2.0 should be less than 'high' 1.0"),
        ("random: {dtype: int8, distribution: normal, shape: [1]}", "is of floats"),
        ("random: {shape: [1], inputs: {a: {}}}", "'shape' is that of a single tensor"),
        ("{images: [digits:0], dtype: int8, size: 8, channels: 1}", "are float32 or uint8"),
        ("{images: [digits:0], dtype: uint8, std: 2, size: 8, channels: 1}", "remove 'std'"),
        ("tensors: {a: {}}", "a tensor has one of the keys image, file, random"),
        ("tensors: {a: {file: none.npy}}", "'a': 'none.npy' does not exist"),
        ("tensors: {a: {random: {}}}", "'a': give the 'shape' of the tensor"),
        ("tensors: {a: {text: b, size: 3}}", "'size' applies to image only, not to text"),
    ],
)
def test_a_mistake(told: Told, entry: str, part: str) -> None:
    found = told(text_of(workloads=FREE, inputs=f"inputs:\n  - {entry}\n"))
    assert [part in each.message for each in found] == [True], found
    assert found[0].line == 6


def test_the_inputs_of_the_guide_are_as_the_schema_wants_them() -> None:
    text = (ROOT / "experiments" / "README.md").read_text()
    block = text.split("```yaml\ninputs:\n")[1].split("```")[0]
    mistakes = Mistakes("README.md")
    document = parse("inputs:\n" + block, mistakes)
    assert isinstance(document, dict)
    entries = document["inputs"]
    assert isinstance(entries, list)
    assert [InputEntry.model_validate(each) for each in entries]
    assert not mistakes.found
