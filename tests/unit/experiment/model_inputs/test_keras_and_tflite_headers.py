"""Inputs of Keras and TFLite files, written by TensorFlow, against what it binds them to."""

from __future__ import annotations

import json
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.experiment.model_inputs import keras_header, tflite_header
from orchestrator.experiment.model_inputs.model_input import ModelInput

pytestmark = pytest.mark.frameworks


@pytest.fixture(autouse=True)
def _deprecated() -> Iterator[None]:
    """TensorFlow deprecates tf.lite, which users have."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.fixture(scope="module")
def tf() -> Any:
    with warnings.catch_warnings():
        # Importing TensorFlow warns of its own code.
        warnings.simplefilter("ignore")
        import tensorflow as tf

    return tf


@pytest.fixture(scope="module")
def two(tf: Any) -> Any:
    keras = tf.keras
    image = keras.Input((8, None, 3), name="image")
    index = keras.Input((4,), batch_size=2, dtype="int64", name="index")
    return keras.Model([image, index], [keras.layers.Dense(2)(image), index])


def test_functional(tf: Any, two: Any, tmp_path: Path) -> None:
    two.save(tmp_path / "m.keras")
    assert keras_header.read(tmp_path / "m.keras") == (
        ModelInput("image", (None, 8, None, 3), "float32"),
        ModelInput("index", (2, 4), "int64"),
    )
    loaded = tf.keras.models.load_model(tmp_path / "m.keras")
    assert [each.name for each in loaded.inputs] == ["image", "index"]


def test_one_input_and_a_mapping_of_inputs(tf: Any, tmp_path: Path) -> None:
    keras = tf.keras
    one = keras.Input((3,), name="a", dtype="float16")
    keras.Model(one, keras.layers.Flatten()(one)).save(tmp_path / "one.keras")
    assert keras_header.read(tmp_path / "one.keras") == (ModelInput("a", (None, 3), "float16"),)
    keras.Model({"a": one}, keras.layers.Flatten()(one)).save(tmp_path / "named.keras")
    assert keras_header.read(tmp_path / "named.keras") == (ModelInput("a", (None, 3), "float16"),)


def test_sequential_has_one_input_of_no_fixed_name(tf: Any, tmp_path: Path) -> None:
    keras = tf.keras
    keras.Sequential([keras.Input((8, 3)), keras.layers.Flatten()]).save(tmp_path / "m.keras")
    assert keras_header.read(tmp_path / "m.keras") == (ModelInput(None, (None, 8, 3), "float32"),)


def test_keras_2_and_what_is_not_known(tmp_path: Path) -> None:
    def layer(**config: Any) -> dict[str, Any]:
        return {"class_name": "InputLayer", "config": {"name": "x", **config}}

    def read(kind: str, config: dict[str, Any]) -> Any:
        with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
            archive.writestr("config.json", json.dumps({"class_name": kind, "config": config}))
        return keras_header.read(tmp_path / "m.keras")

    old = layer(batch_input_shape=[None, 4], dtype="int32", sparse=False, ragged=False)
    places = [["x", 0, 0]]
    assert read("Functional", {"layers": [old], "input_layers": places}) == (
        ModelInput("x", (None, 4), "int32"),
    )
    ragged = layer(batch_input_shape=[None, None], dtype="string", ragged=True)
    assert read("Functional", {"layers": [ragged], "input_layers": places}) == (
        ModelInput("x", None, None),
    )
    policy = {"class_name": "DTypePolicy", "config": {"name": "float64"}}
    given = layer(batch_shape=[1, 2], dtype=policy, optional=True)
    assert read("Functional", {"layers": [given], "input_layers": ["x", 0, 0]}) == (
        ModelInput("x", (1, 2), "float64", required=False),
    )
    assert read("Sequential", {"layers": []}) is None
    assert read("Mine", {}) is None
    (tmp_path / "m.keras").write_bytes(b"x")
    assert keras_header.read(tmp_path / "m.keras") is None


def test_tflite(tf: Any, two: Any, tmp_path: Path) -> None:
    content = tf.lite.TFLiteConverter.from_keras_model(two).convert()
    path = tmp_path / "m.tflite"
    path.write_bytes(content)
    details = tf.lite.Interpreter(model_content=content).get_input_details()
    expected = tuple(
        ModelInput(
            each["name"],
            tuple(None if side < 0 else int(side) for side in each["shape_signature"]),
            each["dtype"].__name__,
        )
        for each in details
    )
    assert tflite_header.read(path) == expected
    assert {each.dtype for each in expected} == {"float32", "int64"}
    for cut in (0, 4, 7, 30):
        path.write_bytes(content[:cut])
        assert tflite_header.read(path) is None


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int16", "int32", "float64"])
def test_dtypes_of_tflite(tf: Any, tmp_path: Path, dtype: str) -> None:
    function = tf.function(tf.identity).get_concrete_function(
        tf.TensorSpec([1, 3], dtype, name="x")
    )
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
    (tmp_path / "m.tflite").write_bytes(converter.convert())
    (found,) = tflite_header.read(tmp_path / "m.tflite") or ()
    assert (found.shape, found.dtype) == ((1, 3), dtype)
