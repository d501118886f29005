"""SavedModels as people have them: signatures, functions, states, texts, odd types and folders."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
from tensorflow_zoo.case import Arrays, Case, X


def write_saved_models(tf: Any, folder: Path) -> Iterator[Case]:
    yield from _signatures(tf, folder)
    yield from _functions(tf, folder)
    yield from _values(tf, folder)
    yield from _refused(tf, folder)


def _signatures(tf: Any, folder: Path) -> Iterator[Case]:
    spec = tf.TensorSpec([None, 3], tf.float32, name="x")
    module = tf.Module()
    module.weight = tf.Variable(2.0)
    double = tf.function(lambda x: {"y": x * module.weight}, input_signature=[spec])
    half = tf.function(lambda x: {"y": x / module.weight, "x": x}, input_signature=[spec])
    signatures = {"serving_default": double, "half": half}
    tf.saved_model.save(module, str(folder / "signatures"), signatures)
    yield _case("signatures", {"x": X}, {"y": X * 2})
    asked = {"signature": "half"}
    yield _case("half", {"x": X}, {"x": X, "y": X / 2}, path="signatures", **asked)
    says = "no signature or function 'third'; it has half, serving_default"
    yield _refusal("third", "input-missing", says, path="signatures", signature="third")
    tf.saved_model.save(module, str(folder / "two"), {"a": double, "b": half})
    yield _refusal("two", "input-missing", "several signatures: say 'signature:' a, b")
    tf.saved_model.save(module, str(folder / "one"), {"a": double})
    yield _case("one", {"input": X}, {"y": X * 2})

    names = [tf.TensorSpec([None, 3], tf.float32, name=name) for name in ("left/in", "x")]
    flag = tf.TensorSpec([], tf.bool, name="training")
    choose = tf.function(
        lambda a, b, training: {"überaus größ": tf.cond(training, lambda: a + b, lambda: a - b)},
        input_signature=[*names, flag],
    )
    tf.saved_model.save(module, str(folder / "arguments"), choose)
    given = {"left_in": X, "x": X * 2}
    for training, expected in ((True, X + X * 2), (False, X - X * 2)):
        asked = {"arguments": {"training": training}}
        outputs = {"überaus größ": expected}
        yield _case(f"training {training}", given, outputs, path="arguments", **asked)
    counter = tf.Module()
    counter.count = tf.Variable(0.0)
    step = tf.function(lambda x: {"y": x + counter.count.assign_add(1.0)}, input_signature=[spec])
    tf.saved_model.save(counter, str(folder / "counter"), step)
    yield _case("counter", {"x": X}, {"y": X + 1})


def _functions(tf: Any, folder: Path) -> Iterator[Case]:
    class Module(tf.Module):  # type: ignore[name-defined, misc]
        @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
        def nested(self, x: Any) -> Any:
            return {"logits": x * 2, "past": [(x, x + 1), (x * 3, x)]}, x - 1

        @tf.function
        def scaled(self, x: Any, training: bool = False, scale: Any = None) -> Any:
            return x * (3.0 if training else 2.0)

    module = Module()
    for training in (False, True):
        module.scaled(tf.constant(X), training=training)
    tf.saved_model.save(module, str(folder / "functions"), signatures={})
    says = "has no signatures, but functions: say 'signature:' nested, scaled"
    yield _refusal("functions", "input-missing", says)
    expected = {
        "0.logits": X * 2,
        "0.past.0.0": X,
        "0.past.0.1": X + 1,
        "0.past.1.0": X * 3,
        "0.past.1.1": X,
        "1": X - 1,
    }
    yield _case("nested", {"x": X}, expected, path="functions", signature="nested")
    asked = {"signature": "scaled", "arguments": {"training": True}}
    yield _case("scaled", {"x": X}, {"output": X * 3}, path="functions", **asked)
    says = "several traces .* choose by 'arguments:'"
    asked = {"signature": "scaled"}
    yield _refusal("untold", "input-missing", says, path="functions", **asked)
    tf.saved_model.save(tf.Module(), str(folder / "nothing"), signatures={})
    yield _refusal("nothing", "exception", "neither signatures nor functions")

    class Composite(tf.Module):  # type: ignore[name-defined, misc]
        @tf.function(input_signature=[tf.TensorSpec([2, 3], tf.float32)])
        def ragged(self, x: Any) -> Any:
            return {"rows": tf.RaggedTensor.from_tensor(x, lengths=[1, 3]), "n": None}

        @tf.function(input_signature=[tf.TensorSpec([2, 3], tf.float32)])
        def sparse(self, x: Any) -> Any:
            return tf.sparse.from_dense(tf.nn.relu(x))

    tf.saved_model.save(Composite(), str(folder / "composite"), signatures={})
    expected = {"n": None, "rows.values": np.r_[X[0, :1], X[1]], "rows.row_splits": np.r_[0, 1, 4]}
    yield _case("ragged", {"x": X}, expected, path="composite", signature="ragged")
    positive = np.argwhere(X > 0)
    expected = {
        "indices": positive,
        "values": X[X > 0],
        "dense_shape": np.array([2, 3]),
    }
    yield _case("sparse", {"x": X}, expected, path="composite", signature="sparse")


def _values(tf: Any, folder: Path) -> Iterator[Case]:
    rows = tf.TensorSpec([None, 3], tf.float32, name="x")

    def saved(name: str, function: Any, *specs: Any) -> None:
        module = tf.Module()
        served = tf.function(function, input_signature=list(specs))
        tf.saved_model.save(module, str(folder / name), served)

    saved("bfloat16", lambda x: {"b": tf.cast(x, tf.bfloat16), "y": x}, rows)
    expected: dict[str, Any] = {"b": X.astype(ml_dtypes.bfloat16), "y": X}
    yield _case("bfloat16", {"x": X}, expected, dtypes="bfloat16, float32")
    saved("float8", lambda x: tf.cast(x, tf.dtypes.experimental.float8_e4m3fn), rows)
    expected = {"output_0": X.astype(ml_dtypes.float8_e4m3fn)}
    yield _case("float8", {"x": X}, expected, dtypes="float32, float8_e4m3fn")
    saved("complex", lambda x: {"c": tf.complex(x, x), "y": x}, rows)
    yield _case("complex", {"x": X}, {"c": X + 1j * X, "y": X}, dtypes="complex64, float32")
    saved("doubles", lambda x: {"d": tf.cast(x, tf.float64), "h": tf.cast(x, tf.float16)}, rows)
    expected = {"d": X.astype("f8"), "h": X.astype("f2")}
    yield _case("doubles", {"x": X}, expected, dtypes="float16, float32, float64")
    saved("texts", lambda x: {"label": tf.strings.as_string(x), "y": x}, rows)
    yield _case("texts", {"x": X}, {"label": None, "y": X})
    texts = tf.TensorSpec([None], tf.string, name="words")
    saved("text_in", tf.strings.length, texts)
    given = {"words": np.array(["a", "bcd"])}
    yield _case("text_in", given, {"output_0": np.array([1, 3], "int32")}, dtypes="")
    saved("only_texts", tf.strings.as_string, rows)
    yield _case("only_texts", {"x": X}, {"output_0": None})
    saved("any_rank", tf.exp, tf.TensorSpec(None, tf.float32, name="x"))
    yield _case("any_rank", {"x": X}, {"output_0": np.exp(X)})
    saved("scalar", tf.reduce_sum, rows)
    yield _case("scalar", {"x": X}, {"output_0": X.sum()})
    saved("no_input", lambda: {"y": tf.constant(X) * 2})
    yield _case("no_input", {}, {"y": X * 2})
    saved("passthrough", lambda x: {"x": x, "y": x * 2}, rows)
    yield _case("passthrough", {"x": X}, {"x": X, "y": X * 2})
    saved("nothing_left", lambda x: {"some": tf.boolean_mask(x, x > 99), "y": x}, rows)
    yield _case("nothing_left", {"x": X}, {"some": np.zeros(0, "f4"), "y": X})
    saved("quantized", lambda x: tf.quantization.quantize(x, -4.0, 4.0, tf.quint8)[0], rows)
    yield _case("quantized", {"x": X}, {"output_0": None})


def _refused(tf: Any, folder: Path) -> Iterator[Case]:
    v1 = tf.compat.v1
    graph = tf.Graph()
    with graph.as_default():
        x = v1.placeholder(tf.float32, [None, 3], name="x")
        y = x * 2
        described = v1.saved_model.predict_signature_def({"x": x}, {"y": y})
        for name, tags in (("tf1", ["serve"]), ("tf1_tags", ["train"])):
            builder = v1.saved_model.Builder(str(folder / name))
            with v1.Session(graph=graph) as session:
                signatures = {"serving_default": described}
                builder.add_meta_graph_and_variables(session, tags, signatures)
            if name == "tf1_tags":
                builder.add_meta_graph(["eval", "gpu"], signature_def_map={})
            builder.save()
    yield _case("tf1", {"x": X}, {"y": X * 2})
    says = r"no graph for serving, but for the tags \[\['train'\], \['eval', 'gpu'\]\]: save"
    yield _refusal("tf1_tags", "exception", says)
    (folder / "empty").mkdir()
    yield _refusal("empty", "exception", "not a SavedModel: it holds no saved_model.pb")
    content = (folder / "signatures" / "saved_model.pb").read_bytes()
    for name, part in (("cut", content[: len(content) // 2]), ("no_weights", content)):
        (folder / name).mkdir()
        (folder / name / "saved_model.pb").write_bytes(part)
        yield _refusal(name, "exception", f"{name} is not whole")
    (folder / "zero").mkdir()
    (folder / "zero" / "saved_model.pb").write_bytes(b"")
    yield _refusal("zero", "exception", "zero is not whole: saved_model.pb is empty")


def _case(
    name: str,
    given: Arrays,
    outputs: dict[str, Any],
    *,
    path: str = "",
    dtypes: str = "float32",
    **asked: Any,
) -> Case:
    return Case(
        name, "savedmodel", path or name, given, outputs, asked=asked, dtypes=dtypes, layers=False
    )


def _refusal(name: str, code: str, says: str, *, path: str = "", **asked: Any) -> Case:
    return Case(name, "savedmodel", path or name, {"x": X}, refusal=(code, says), asked=asked)
