"""Users' Keras, SavedModel and TFLite models, made here with TensorFlow."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from adapter_loading import Load, started

from eqc_runner.failures import Failed, Unsupported
from eqc_runner.tensor import Unrecorded

pytestmark = pytest.mark.frameworks


@pytest.fixture(autouse=True)
def _formats_are_deprecated() -> Any:
    """Ignore deprecation warnings: Keras deprecates .h5, TensorFlow tf.lite; users have both."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.fixture
def tf() -> Any:
    started("tensorflow")
    import tensorflow as tf

    return tf


def functional(tf: Any) -> Any:
    keras = tf.keras
    keras.utils.set_random_seed(0)
    image = keras.Input((8, 8, 3), name="image")
    value = keras.layers.Conv2D(4, 3, activation="relu", name="first")(image)
    inner = keras.Sequential([keras.layers.MaxPooling2D(2), keras.layers.Flatten()], name="inner")
    return keras.Model(image, keras.layers.Dense(5, name="last")(inner(value)))


def sequential(tf: Any) -> Any:
    keras = tf.keras
    keras.utils.set_random_seed(1)
    layers = [keras.layers.Conv2D(2, 3, name="first"), keras.layers.Flatten(name="flat")]
    return keras.Sequential([keras.Input((8, 8, 3)), *layers])


IMAGE = np.random.default_rng(3).random((2, 8, 8, 3), dtype=np.float32)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize(
    ("make", "layers"),
    [
        (functional, [("first", "conv2d"), ("inner", "sequential"), ("last", "dense")]),
        (sequential, [("first", "conv2d"), ("flat", "flatten")]),
    ],
)
def test_keras(
    load: Load, tmp_path: Path, tf: Any, make: Any, layers: list[Any], suffix: str
) -> None:
    model = make(tf)
    model.save(str(tmp_path / f"user{suffix}"))
    loaded = load("tensorflow", source="keras", path=f"user{suffix}")
    ((name, plain),) = loaded.run({"input": IMAGE})
    ((_, instrumented),), found = loaded.run_layers({"input": IMAGE})
    assert name == "output"
    assert np.allclose(plain.array, model(IMAGE).numpy(), atol=1e-5)
    assert np.allclose(instrumented.array, plain.array, atol=1e-5)
    assert [(x.name, x.operation) for x in found] == layers
    assert loaded.facts.parameters == model.count_params()


@pytest.mark.parametrize("precision", ["float16", "bfloat16", "float64"])
@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_precision_casts_a_model_of_one_type(
    load: Load, tmp_path: Path, tf: Any, suffix: str, precision: str
) -> None:
    k = tf.keras
    x = k.Input((8, 8, 3), name="x")
    hidden = k.layers.BatchNormalization()(k.layers.Conv2D(4, 3)(x))
    inner = k.Sequential([k.Input((6, 6, 4)), k.layers.Flatten(), k.layers.Dense(5)])
    model = k.Model(x, k.layers.ReLU()(inner(hidden)))
    model.save(str(tmp_path / f"user{suffix}"))
    exact = np.round(IMAGE * 64) / 64
    loaded = load("tensorflow", source="keras", path=f"user{suffix}", precision=precision)
    ((_, plain),) = loaded.run({"x": exact.astype(np.float32)})
    ((_, again),), layers = loaded.run_layers({"x": exact.astype(np.float32)})
    tensors = [layer.tensor for layer in layers]
    assert {each.dtype for each in (plain, again, *tensors)} == {precision}
    assert started("tensorflow").describe()["libraries"]["dtypes"] == precision
    carried = plain.array.view(tf.as_dtype(precision).as_numpy_dtype).astype(np.float64)
    assert np.allclose(carried, model(exact).numpy(), atol=0.05)


def test_a_precision_does_not_cast_a_model_of_several_types(
    load: Load, tmp_path: Path, tf: Any
) -> None:
    k = tf.keras
    x = k.Input((3,), name="x")
    k.Model(x, k.layers.Dense(2, dtype="mixed_float16")(x)).save(str(tmp_path / "user.keras"))
    for precision in ("float16", "float32"):
        with pytest.raises(Unsupported, match=r"user\.keras computes in float16 and float32 as it"):
            load("tensorflow", source="keras", path="user.keras", precision=precision)
    functional(tf).export(str(tmp_path / "saved"), verbose=False)
    with pytest.raises(Unsupported, match="saved computes in float32 as it is, and is not cast to"):
        load("tensorflow", source="savedmodel", path="saved", precision="float16")


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_lambdas_are_refused(load: Load, tmp_path: Path, tf: Any, suffix: str) -> None:
    keras = tf.keras
    model = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda value: value + 1)])
    model.save(str(tmp_path / f"user{suffix}"))
    with pytest.raises(Failed, match="Lambda layer, which is code"):
        load("tensorflow", source="keras", path=f"user{suffix}")


def test_broken_keras_files(load: Load, tmp_path: Path) -> None:
    (tmp_path / "user.keras").write_bytes(b"no archive")
    with pytest.raises(Failed, match=r"neither \.keras nor \.h5"):
        load("tensorflow", source="keras", path="user.keras")
    with pytest.raises(Failed) as caught:
        load("tensorflow", source="keras", path="none.keras")
    assert caught.value.code == "input-missing"


def test_messages_name_a_file_as_the_experiment_does(load: Load, tmp_path: Path, tf: Any) -> None:
    (tmp_path / "0123.keras").write_bytes(b"PK no archive")
    with pytest.raises(Failed, match=r"user\.keras is no whole \.keras file") as caught:
        load("tensorflow", "models/user.keras", source="keras", path="0123.keras")
    assert "0123" not in caught.value.message
    (tmp_path / "0123").mkdir()
    (tmp_path / "0123" / "saved_model.pb").write_bytes(b"x")
    with pytest.raises(Failed, match="user is not whole: Cannot parse file b'user/") as caught:
        load("tensorflow", "models/user", source="savedmodel", path="0123")
    assert "0123" not in caught.value.message


def test_savedmodel(load: Load, tmp_path: Path, tf: Any) -> None:
    model = functional(tf)
    model.export(str(tmp_path / "saved"), verbose=False)
    loaded = load("tensorflow", source="savedmodel", path="saved", batch=4)
    ((_, plain),) = loaded.run({"input": IMAGE})
    assert plain.shape == (4, 5)
    assert np.allclose(plain.array[:2], model(IMAGE).numpy(), atol=1e-5)
    assert loaded.run_layers({"input": IMAGE})[1] == []
    assert "SavedModel" in started("tensorflow").describe()["libraries"]["notes"]
    with pytest.raises(Failed, match="no SavedModel folder none"):
        load("tensorflow", source="savedmodel", path="none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(Failed, match="is not a SavedModel"):
        load("tensorflow", source="savedmodel", path="empty")


def test_a_savedmodel_with_an_optimizer_of_keras_2(load: Load, tmp_path: Path, tf: Any) -> None:
    from tensorflow.core.protobuf import saved_model_pb2
    from tensorflow.python.keras.optimizer_v2.adam import Adam

    module = tf.Module()
    module.weight = tf.Variable([1.0, 2.0])
    module.optimizer = Adam()
    module.optimizer.apply_gradients([(tf.constant([1.0, 1.0]), module.weight)])
    spec = tf.TensorSpec([2], tf.float32, name="x")
    served = tf.function(lambda x: {"y": x * module.weight}, input_signature=[spec])
    tf.saved_model.save(module, str(tmp_path / "trained"), served)
    file = tmp_path / "trained" / "saved_model.pb"
    content = saved_model_pb2.SavedModel()
    content.ParseFromString(file.read_bytes())
    for node in content.meta_graphs[0].object_graph_def.nodes:
        if node.slot_variables:
            # As Keras 2 calls it; what TensorFlow has kept of it has another name.
            node.user_object.identifier = "optimizer"
    file.write_bytes(content.SerializeToString())
    with pytest.raises(AttributeError, match="add_slot"):
        tf.saved_model.load(str(tmp_path / "trained"))
    ((_, found),) = load("tensorflow", source="savedmodel", path="trained").run(
        {"x": np.ones(2, np.float32)}
    )
    assert found.array.tobytes() == module.weight.numpy().tobytes()


def test_tflite(load: Load, tmp_path: Path, tf: Any) -> None:
    model = functional(tf)
    converted = tf.lite.TFLiteConverter.from_keras_model(model).convert()
    (tmp_path / "user.tflite").write_bytes(converted)
    loaded = load("tensorflow", source="tflite", path="user.tflite", threads=None)
    ((_, plain),) = loaded.run({"input": IMAGE})
    ((_, instrumented),), layers = loaded.run_layers({"input": IMAGE})
    assert np.allclose(plain.array, model(IMAGE).numpy(), atol=1e-4)
    assert np.allclose(instrumented.array, plain.array, atol=1e-4)
    assert "conv_2d" in [x.operation for x in layers]
    assert np.array_equal(layers[-1].tensor.array, instrumented.array)
    (tmp_path / "broken.tflite").write_bytes(b"broken")
    with pytest.raises(Failed, match="not a valid TFLite model"):
        load("tensorflow", source="tflite", path="broken.tflite")


def test_packed_types_of_tflite_are_listed(load: Load, tmp_path: Path, tf: Any) -> None:
    converted = tf.lite.TFLiteConverter.from_keras_model(functional(tf)).convert()
    (tmp_path / "user.tflite").write_bytes(converted)
    loaded: Any = load("tensorflow", source="tflite", path="user.tflite")
    # No converter of TensorFlow's makes an operator with such an output.
    tensors = tuple(each._replace(dtype="int4") for each in loaded._graph.tensors)
    loaded.run({"input": IMAGE})
    index = loaded._graph.outputs[0]
    loaded._graph = loaded._graph._replace(tensors=tensors)
    value = loaded._value(loaded._interpreter(loaded._kernels), index)
    assert value == Unrecorded("the interpreter gives no values of int4")
