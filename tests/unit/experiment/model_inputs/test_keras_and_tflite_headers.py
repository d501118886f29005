"""Inputs of Keras and TFLite files, written by TensorFlow, against what it binds them to."""

from __future__ import annotations

import json
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import SpecError
from orchestrator.experiment.model_inputs import keras_header, tflite_header
from orchestrator.experiment.model_inputs.model_input import ModelInput
from tests.unit.experiment.conftest import Load, text_of

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
    keras.Model({"key": one}, keras.layers.Flatten()(one)).save(tmp_path / "named.keras")
    assert keras_header.read(tmp_path / "named.keras") == (ModelInput("key", (None, 3), "float16"),)
    other = keras.Input((4,), name="b")
    nested = keras.Model([{"p": one}, [other]], [one, other])
    nested.save(tmp_path / "nested.keras")
    assert keras_header.read(tmp_path / "nested.keras") == (
        ModelInput("0.p", (None, 3), "float16"),
        ModelInput("1.0", (None, 4), "float32"),
    )


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
    runner = tf.lite.Interpreter(model_content=content).get_signature_runner()
    expected = {
        ModelInput(
            name,
            tuple(None if side < 0 else int(side) for side in each["shape_signature"]),
            each["dtype"].__name__,
        )
        for name, each in runner.get_input_details().items()
    }
    assert set(tflite_header.read(path) or ()) == expected
    assert {each.dtype for each in expected} == {"float32", "int64"}
    assert {each.name for each in expected} == {"image", "index"}
    assert tflite_header.read(path, "other") is None
    for cut in (0, 4, 7, 30):
        path.write_bytes(content[:cut])
        assert tflite_header.read(path) is None


def test_signatures_of_tflite(tf: Any, tmp_path: Path) -> None:
    def function(spec: Any) -> Any:
        return tf.function(lambda value: {"y": value + value}, input_signature=[spec])

    scalar = function(tf.TensorSpec([], tf.int32, name="scalar"))
    row = function(tf.TensorSpec([None, 3], tf.float32, name="row"))
    path, one = tmp_path / "m.tflite", (ModelInput("row", (None, 3), "float32"),)
    for names in (["a", "b"], ["a", "serving_default"]):
        calls = dict(zip(names, (scalar, row), strict=True))
        tf.saved_model.save(tf.Module(), tmp_path / "saved", calls)
        converter = tf.lite.TFLiteConverter.from_saved_model(
            str(tmp_path / "saved"), signature_keys=names
        )
        path.write_bytes(converter.convert())
        assert tflite_header.signatures(path) == tuple(names)
        assert tflite_header.read(path, "a") == (ModelInput("scalar", (), "int32"),)
        assert tflite_header.read(path, names[1]) == one
        assert tflite_header.read(path, "c") is None
        assert tflite_header.read(path) == (one if "serving_default" in names else None)
    path.write_bytes(b"x")
    assert tflite_header.signatures(path) is None


def test_signatures_are_checked_where_the_experiment_is_read(
    tf: Any, tmp_path: Path, load: Load
) -> None:
    names = ("encode", "decode")
    spec = tf.TensorSpec([2], tf.float32, name="x")
    calls = {name: tf.function(lambda x: {"y": x * 2.0}, input_signature=[spec]) for name in names}
    tf.saved_model.save(tf.Module(), tmp_path / "saved", calls)
    converter = tf.lite.TFLiteConverter.from_saved_model(
        str(tmp_path / "saved"), signature_keys=list(names)
    )
    (tmp_path / "m.tflite").write_bytes(converter.convert())

    def said(entry: str) -> list[tuple[int, int, str]]:
        text = f"workloads:\n  - {{model: tflite:m.tflite{entry}}}\n"
        inputs = "inputs: [{random: {shape: [2]}}]\n"
        with pytest.raises(SpecError) as caught:
            load(text_of(workloads=text, inputs=inputs))
        return [(each.line, each.column, each.message) for each in caught.value.mistakes]

    text = "workloads:\n  - {model: tflite:m.tflite, signature: encode}\n"
    load(text_of(workloads=text, inputs="inputs: [{random: {shape: [2]}}]\n"))
    ((line, column, message),) = said("")
    assert (line, column) == (4, 13)
    assert message == "m.tflite has several signatures: say 'signature:' decode, encode"
    ((line, column, message),) = said(", signature: code")
    assert (line, column) == (4, 41)
    assert message == "m.tflite has no signature 'code': it has decode, encode"


def test_a_rank_that_is_not_known_is_no_scalar(tf: Any, tmp_path: Path) -> None:
    function = tf.function(tf.exp).get_concrete_function(tf.TensorSpec(None, tf.float32, name="x"))
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
    (tmp_path / "m.tflite").write_bytes(converter.convert())
    assert tflite_header.read(tmp_path / "m.tflite") == (ModelInput("x", None, "float32"),)
    assert tflite_header.signatures(tmp_path / "m.tflite") == ()


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int16", "int32", "float64"])
def test_dtypes_of_tflite(tf: Any, tmp_path: Path, dtype: str) -> None:
    function = tf.function(tf.identity).get_concrete_function(
        tf.TensorSpec([1, 3], dtype, name="x")
    )
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
    (tmp_path / "m.tflite").write_bytes(converter.convert())
    (found,) = tflite_header.read(tmp_path / "m.tflite") or ()
    assert (found.shape, found.dtype) == ((1, 3), dtype)
