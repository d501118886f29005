"""Keras models as people have them: structures, states, mixed precision, texts, broken files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from tensorflow_zoo.case import Arrays, Case, X, arrays, numbers

NAMES = ("a/b:0", "überaus größ")


def write_keras(tf: Any, folder: Path) -> Iterator[Case]:
    tf.keras.utils.set_random_seed(0)
    yield from _structures(tf, folder)
    yield from _states(tf, folder)
    yield from _precisions(tf, folder)
    yield from _texts(tf, folder)
    yield from _refused(tf, folder)
    yield from _refused_hdf5(tf, folder)


def _saved(model: Any, folder: Path, name: str, suffix: str = ".keras") -> str:
    model.save(str(folder / f"{name}{suffix}"))
    return f"{name}{suffix}"


def _structures(tf: Any, folder: Path) -> Iterator[Case]:
    k = tf.keras
    a, b, c = k.Input((3,), name="in_a"), k.Input((3,), name="in_b"), k.Input((3,), name="in_c")
    y, z = numbers(2, 3, seed=1), numbers(2, 3, seed=2)
    logits = k.layers.Dense(2)

    model = k.Model({"zeta": a, "alpha": b}, {"z": logits(a), "more": {"s": a + b, "t": [b]}})
    given = {"zeta": X, "alpha": y}
    values = model(given)
    expected = {"z": values["z"], "more.s": X + y, "more.t.0": y}
    yield _case("dict", model, folder, given, expected)

    model = k.Model([a, b], [a + b, logits(a)])
    values = model([X, y])
    names = dict(zip(model.output_names, values, strict=True))
    yield _case("list", model, folder, {"in_a": X, "in_b": y}, names)

    model = k.Model([{"p": a, "q": b}, [c]], [a + b, (a + c, b)])
    given = {"0.p": X, "0.q": y, "1.0": z}
    yield _case("nested", model, folder, given, {"0": X + y, "1.0": X + z, "1.1": y})
    model = k.Model([a, b], [a + b, {"last": b}])
    expected = {"0": X + y, "1.last": y}
    yield _case("list_of_mappings", model, folder, {"in_a": X, "in_b": y}, expected)

    model = k.Model({NAMES[0]: a, NAMES[1]: b}, {NAMES[1]: a + b})
    yield _case(
        "odd_names", model, folder, dict(zip(NAMES, (X, y), strict=True)), {NAMES[1]: X + y}
    )

    yield _case("passthrough", k.Model(a, [a, logits(a)]), folder, {"in_a": X}, None)
    images = k.Input((None, None, 3), name="images")
    given = {"images": numbers(2, 5, 4, 3)}
    model = k.Model(images, k.layers.Conv2D(2, 3, padding="same")(images))
    yield _case("dynamic", model, folder, given, {"output": model(given["images"])})
    model = k.Sequential([k.Input((3,)), k.layers.Dense(2), k.layers.Softmax()])
    for suffix in (".keras", ".h5"):
        path = _saved(model, folder, "sequential", suffix)
        name = f"sequential{suffix}"
        yield Case(name, "keras", path, {"input": X}, {"output": arrays(model(X))})
    index = k.Input((4,), dtype="int64", name="ids")
    model = k.Model(index, k.layers.Embedding(9, 2)(index))
    ids = np.array([[0, 1, 2, 8]])
    yield _case("integers", model, folder, {"ids": ids}, {"output": model(ids)})


def _case(
    name: str, model: Any, folder: Path, given: Arrays, expected: dict[str, Any] | None
) -> Case:
    path = _saved(model, folder, name)
    if expected is None:
        expected = dict(zip(model.output_names, model(list(given.values())), strict=True))
    return Case(name, "keras", path, given, {key: arrays(v) for key, v in expected.items()})


def _states(tf: Any, folder: Path) -> Iterator[Case]:
    k = tf.keras
    steps = k.Input((4, 3), batch_size=2, name="steps")
    given = numbers(2, 4, 3)
    model = k.Model(steps, k.layers.LSTM(5, return_state=True)(steps))
    names = ("0", "1", "2")
    expected = dict(zip(names, map(arrays, model(given)), strict=True))
    yield Case("lstm", "keras", _saved(model, folder, "lstm"), {"input": given}, expected)
    model = k.Model(steps, k.layers.GRU(5, stateful=True)(steps))
    path = _saved(model, folder, "stateful_gru")
    yield Case("stateful_gru", "keras", path, {"input": given}, {"output": arrays(model(given))})
    x = k.Input((3,), name="x")
    model = k.Model(x, k.layers.BatchNormalization()(x))
    path = _saved(model, folder, "training")
    for name, training in (("inference", False), ("training", True)):
        expected = {"output": arrays(model(X, training=training))}
        asked = {"arguments": {"training": training}}
        yield Case(name, "keras", path, {"x": X}, expected, asked=asked)
    refusal = ("input-missing", "no argument steps; it takes x, training")
    asked = {"arguments": {"steps": 3}}
    yield Case("unknown_argument", "keras", path, {"x": X}, refusal=refusal, asked=asked)


def _precisions(tf: Any, folder: Path) -> Iterator[Case]:
    k = tf.keras
    for policy, dtypes in (
        ("mixed_float16", "float16, float32"),
        ("mixed_bfloat16", "bfloat16, float32"),
        ("float16", "float16"),
        ("bfloat16", "bfloat16"),
        ("float64", "float64"),
    ):
        x = k.Input((3,), name="x", dtype="float32" if "mixed" in policy else policy)
        hidden = k.layers.Dense(4, dtype=policy, name="hidden")(x)
        model = k.Model(x, k.layers.Dense(2, dtype=policy, name="last")(hidden))
        path = _saved(model, folder, policy)
        exact = np.array([[0.5, -1.0, 2.0]], "float32")
        expected = {"output": arrays(model(tf.cast(exact, x.dtype)))}
        yield Case(policy, "keras", path, {"x": exact}, expected, dtypes=dtypes)
    x = k.Input((4, 2), name="x")
    product = k.ops.cast(x, "complex64")
    model = k.Model(x, [product, k.ops.real(product)])
    path = _saved(model, folder, "complex")
    given = numbers(1, 4, 2)
    expected = dict(zip(model.output_names, map(arrays, model(given)), strict=True))
    yield Case("complex", "keras", path, {"x": given}, expected, dtypes="complex64, float32")


def _texts(tf: Any, folder: Path) -> Iterator[Case]:
    k = tf.keras
    words = k.Input((2,), dtype="string", name="words")
    model = k.Model(words, k.layers.StringLookup(vocabulary=["a", "b"])(words))
    expected = {"output": np.array([[1, 0]])}
    path = _saved(model, folder, "text_in")
    yield Case("text_in", "keras", path, {"words": np.array([["a", "z"]])}, expected, dtypes="")
    x = k.Input((2,), dtype="int64", name="x")
    label = k.layers.StringLookup(vocabulary=["a", "b"], invert=True, name="label")(x)
    model = k.Model(x, {"label": label, "twice": x * 2})
    path = _saved(model, folder, "text_out")
    expected = {"label": None, "twice": np.array([[2, 4]])}
    given = {"x": np.array([[1, 2]])}
    yield Case("text_out", "keras", path, given, expected, dtypes="", unrecorded=("label",))


def _refused(tf: Any, folder: Path) -> Iterator[Case]:
    k = tf.keras

    def refused(name: str, path: str, says: str) -> Case:
        return Case(name, "keras", path, {"x": X}, refusal=("exception", says))

    class Plus(k.layers.Layer):  # type: ignore[name-defined, misc]
        def call(self, x: Any) -> Any:
            return x + 1

    class Whole(k.Model):  # type: ignore[name-defined, misc]
        def call(self, x: Any) -> Any:
            return x + 1

    x = k.Input((3,), name="x")
    custom = k.Model(x, Plus()(x))
    code = k.Model(x, k.layers.Lambda(lambda value: value + 1)(x))
    for suffix in (".keras", ".h5"):
        path = _saved(custom, folder, "custom", suffix)
        yield refused(f"custom{suffix}", path, "that are not in the file: Plus; save")
        path = _saved(code, folder, "lambda", suffix)
        yield refused(f"lambda{suffix}", path, "holds a Lambda layer, which is code; use")
    own = k.Model(x, k.layers.Dense(2, activation=lambda value: value, name="own")(x))
    own.get_layer("own").activation = numbers
    says = "functions that are not in the file: numbers; save it as a SavedModel"
    yield refused("function", _saved(own, folder, "function"), says)
    whole = Whole()
    whole(X)
    yield refused("subclass", _saved(whole, folder, "subclass"), "Whole; save it as a SavedModel")
    unbuilt = k.Sequential([k.layers.Dense(2)])
    yield refused("unbuilt", _saved(unbuilt, folder, "unbuilt"), "before it was built: call it")
    good = folder / "sequential.keras"
    cut = folder / "cut.keras"
    cut.write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    yield refused("cut.keras", cut.name, "no whole .keras file, perhaps cut off")
    (folder / "empty.keras").write_bytes(b"")
    yield refused("empty.keras", "empty.keras", "is empty")
    (folder / "text.keras").write_text("version https://git-lfs.github.com/spec/v1", "utf-8")
    yield refused("pointer.keras", "text.keras", "neither .keras nor .h5")


def _refused_hdf5(tf: Any, folder: Path) -> Iterator[Case]:
    k = tf.keras
    model = k.Sequential([k.Input((3,)), k.layers.Dense(2, name="last")])
    good = _saved(model, folder, "full", ".h5")
    kernel = np.asarray(model.get_weights()[0])

    def refused(name: str, path: str, says: str) -> Case:
        return Case(name, "keras", path, {"x": X}, refusal=("exception", says))

    model.save_weights(str(folder / "only.weights.h5"))
    (folder / "only.weights.h5").rename(folder / "weights_only.h5")
    yield refused("weights_only", "weights_only.h5", "holds only weights.*save it with model.save")
    with h5py.File(folder / "other.h5", "w") as file:
        file["table"] = [1, 2]
    yield refused("other.h5", "other.h5", "an HDF5 file without a Keras model")
    content = (folder / good).read_bytes()
    (folder / "cut.h5").write_bytes(content[: len(content) // 2])
    yield refused("cut.h5", "cut.h5", "no whole .h5 file, perhaps cut off")
    dense = {"class_name": "Dense", "config": {"name": "last", "output_dim": 2, "input_dim": 3}}
    _rewritten(folder, good, "keras1.h5", "1.2.2", {"class_name": "Sequential", "config": [dense]})
    yield refused(
        "keras1", "keras1.h5", r"cannot be read by Keras .* written by Keras 1\.2\.2: load it"
    )
    old = {
        "class_name": "Sequential",
        "config": {
            "name": "old",
            "layers": [
                {
                    "class_name": "InputLayer",
                    "config": {"name": "first", "batch_input_shape": [None, 3]},
                },
                {
                    "class_name": "Dense",
                    "config": {
                        "name": "last",
                        "units": 2,
                        "dtype": "float32",
                        "activation": "linear",
                    },
                },
            ],
        },
    }
    _rewritten(folder, good, "keras2.h5", "2.11.0", old)
    expected = {"output": X @ kernel}
    yield Case("keras2", "keras", "keras2.h5", {"input": X}, expected)


def _rewritten(folder: Path, good: str, name: str, version: str, configuration: Any) -> None:
    """A copy of a file with another configuration, as another Keras would have written it."""
    shutil.copy(folder / good, folder / name)
    with h5py.File(folder / name, "r+") as file:
        file.attrs["keras_version"] = version
        file.attrs["model_config"] = json.dumps(configuration)
        file["model_weights"].attrs["keras_version"] = version
