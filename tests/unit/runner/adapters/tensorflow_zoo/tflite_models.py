"""TFLite files as people have them: names, signatures, loops, quantised and dynamic ones, texts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
from tensorflow_zoo.case import Case, X, arrays, numbers


def write_tflite(tf: Any, folder: Path) -> Iterator[Case]:
    yield from _names(tf, folder)
    yield from _networks(tf, folder)
    yield from _values(tf, folder)
    yield from _refused(tf, folder)


def _case(
    name: str,
    given: Any,
    outputs: Any,
    dtypes: str = "float32",
    *,
    path: str = "",
    unrecorded: tuple[str, ...] = (),
    layers: bool = True,
    **asked: Any,
) -> Case:
    path = path or f"{name}.tflite"
    return Case(
        name,
        "tflite",
        path,
        given,
        outputs,
        asked=asked,
        dtypes=dtypes,
        unrecorded=unrecorded,
        layers=layers,
    )


def _names(tf: Any, folder: Path) -> Iterator[Case]:
    spec = tf.TensorSpec([2, 3], tf.float32, name="x")
    module = tf.Module()
    double = tf.function(lambda x: {"y": x * 2.0, "x2": x}, input_signature=[spec])
    power = tf.function(lambda x: {"y": tf.sin(x * 3.0) + 1.0}, input_signature=[spec])
    signatures = {"double": double, "power": power}
    tf.saved_model.save(module, str(folder / "several"), signatures)
    converter = tf.lite.TFLiteConverter.from_saved_model(
        str(folder / "several"), signature_keys=list(signatures)
    )
    (folder / "several.tflite").write_bytes(converter.convert())
    says = ("input-missing", "several signatures: say 'signature:' double, power")
    yield Case("several", "tflite", "several.tflite", {"x": X}, refusal=says)
    asked = {"path": "several.tflite", "signature": "double"}
    yield _case("double", {"x": X}, {"x2": X, "y": X * 2}, **asked)
    asked = {"path": "several.tflite", "signature": "power"}
    yield _case("power", {"x": X}, {"y": np.sin(X * 3) + 1}, **asked)
    says = ("input-missing", "no signature 'third'; it has double, power")
    asked = {"signature": "third"}
    yield Case("third", "tflite", "several.tflite", {"x": X}, refusal=says, asked=asked)
    _convert(tf, folder, "no_signature", lambda x: x * 2.0, spec)
    yield _case("no_signature", {"x": X}, {"Identity": X * 2})
    says = ("wrong-shape", "expected")
    yield Case("wrong_shape", "tflite", "no_signature.tflite", {"x": X[0]}, refusal=says)


def _networks(tf: Any, folder: Path) -> Iterator[Case]:
    k = tf.keras
    k.utils.set_random_seed(0)
    steps = k.Input((4, 3), batch_size=1, name="steps")
    model = k.Model(steps, k.layers.LSTM(5)(steps))
    given = numbers(1, 4, 3)
    _from_keras(tf, folder, "lstm", model)
    yield _case(
        "lstm", {"steps": given}, {"output_0": arrays(model(given))}, unrecorded=(".*while5",)
    )
    image = k.Input((8, 8, 3), name="image")
    pixels = numbers(2, 8, 8, 3)
    hidden = k.layers.Conv2D(8, 3, activation="relu")(image)
    model = k.Model(image, k.layers.Dense(64)(k.layers.Flatten()(hidden)))
    expected = {"output_0": arrays(model(pixels))}
    _from_keras(tf, folder, "conv", model)
    yield _case("conv", {"image": pixels}, expected)
    half = {"optimizations": [tf.lite.Optimize.DEFAULT]}
    _from_keras(tf, folder, "float16", model, **half, types=[tf.float16])
    yield _case("float16", {"image": pixels}, expected, "float16, float32")
    whole = {
        "optimizations": [tf.lite.Optimize.DEFAULT],
        "representative_dataset": lambda: ([pixels[:1]] for _ in range(2)),
        "inference_input_type": tf.int8,
        "inference_output_type": tf.int8,
    }
    _from_keras(tf, folder, "int8", model, **whole, ops=[tf.lite.OpsSet.TFLITE_BUILTINS_INT8])
    interpreter = tf.lite.Interpreter(str(folder / "int8.tflite"))
    runner = interpreter.get_signature_runner()
    bytes_ = np.arange(192, dtype="int8").reshape(1, 8, 8, 3)
    yield _case("int8", {"image": bytes_}, runner(image=bytes_), "")


def _values(tf: Any, folder: Path) -> Iterator[Case]:
    spec = tf.TensorSpec([2, 3], tf.float32, name="x")

    def converted(name: str, function: Any, *specs: Any) -> None:
        _convert(tf, folder, name, function, *specs)

    converted("bfloat16", lambda x: (tf.cast(x, tf.bfloat16), x * 2.0), spec)
    expected = {"Identity": X.astype(ml_dtypes.bfloat16), "Identity_1": X * 2}
    yield _case("bfloat16", {"x": X}, expected, "bfloat16, float32")
    signal = numbers(2, 8)
    spectrum = tf.TensorSpec([2, 8], tf.float32, name="x")
    converted("complex", tf.signal.rfft, spectrum)
    expected = {"Identity": np.fft.rfft(signal).astype("c8")}
    yield _case("complex", {"x": signal}, expected, "complex64, float32")
    converted("complex_layer", lambda x: tf.abs(tf.signal.rfft(x)), spectrum)
    expected = {"Identity": np.abs(np.fft.rfft(signal)).astype("f4")}
    yield _case("complex_layer", {"x": signal}, expected, "complex64, float32")
    converted("texts", lambda x: (tf.constant(["a", "b"])[:1], x * 2.0), spec)
    yield _case("texts", {"x": X}, {"Identity": None, "Identity_1": X * 2})
    converted(
        "text_in", lambda s: (tf.identity(s), tf.shape(s)), tf.TensorSpec([2], tf.string, "s")
    )
    given = {"s": np.array(["a", "bc"])}
    yield _case(
        "text_in", given, {"s": None, "Identity_2": np.array([2], "int32")}, "", layers=False
    )
    converted("dynamic", lambda x: tf.boolean_mask(x, x > 0.0) * 2.0, spec)
    yield _case("dynamic", {"x": X}, {"Identity": X[X > 0] * 2})
    converted("any_length", tf.exp, tf.TensorSpec([None, 3], tf.float32, name="x"))
    yield _case("any_length", {"x": X}, {"Identity": np.exp(X)})
    converted("any_rank", tf.exp, tf.TensorSpec(None, tf.float32, name="x"))
    yield _case("any_rank", {"x": X}, {"Identity": np.exp(X)})
    converted("scalar", tf.reduce_sum, spec)
    yield _case("scalar", {"x": X}, {"Identity": X.sum()})
    converted("no_input", lambda: tf.constant(X) * 2.0)
    yield _case("no_input", {}, {"Identity": X * 2}, layers=False)
    converted("passthrough", lambda x: (x, x * 2.0), spec)
    yield _case("passthrough", {"x": X}, {"x": X, "Identity_1": X * 2})
    _counter(tf, folder)
    yield _case("counter", {"x": X}, {"output_0": X + 1}, unrecorded=("Variable",))


def _refused(tf: Any, folder: Path) -> Iterator[Case]:
    content = (folder / "conv.tflite").read_bytes()
    for name, part, says in (
        ("empty", b"", "is empty"),
        ("cut", content[: len(content) // 2], "not a valid TFLite model, or is cut off"),
        ("text", b"version https://git-lfs", "not a valid TFLite model"),
    ):
        (folder / f"{name}.tflite").write_bytes(part)
        yield Case(name, "tflite", f"{name}.tflite", {"x": X}, refusal=("exception", says))
    spec = tf.TensorSpec([2, 3], tf.float32, name="x")
    _convert(tf, folder, "custom", tf.math.bessel_i0, spec, allow_custom_ops=True)
    says = ("unsupported-operator", "(?i)custom op.*bessel")
    yield Case("custom", "tflite", "custom.tflite", {"x": X}, refusal=says)


def _counter(tf: Any, folder: Path) -> None:
    module = tf.Module()
    module.count = tf.Variable(0.0)
    spec = tf.TensorSpec([2, 3], tf.float32, name="x")
    step = tf.function(lambda x: x + module.count.assign_add(1.0), input_signature=[spec])
    tf.saved_model.save(module, str(folder / "counter"), step)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder / "counter"))
    converter.experimental_enable_resource_variables = True
    (folder / "counter.tflite").write_bytes(converter.convert())


def _convert(tf: Any, folder: Path, name: str, function: Any, *specs: Any, **options: Any) -> None:
    traced = tf.function(function).get_concrete_function(*specs)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([traced])
    for option, value in options.items():
        setattr(converter, option, value)
    (folder / f"{name}.tflite").write_bytes(converter.convert())


def _from_keras(
    tf: Any, folder: Path, name: str, model: Any, types: Any = (), ops: Any = (), **options: Any
) -> None:
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    for option, value in options.items():
        setattr(converter, option, value)
    if types:
        converter.target_spec.supported_types = types
    if ops:
        converter.target_spec.supported_ops = ops
    (folder / f"{name}.tflite").write_bytes(converter.convert())
