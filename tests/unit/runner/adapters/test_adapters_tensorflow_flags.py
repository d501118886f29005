"""Flags of TensorFlow and of its TFLite, on models made here."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from adapter_loading import Load, started

from eqc_runner.adapters.protocol import Settings
from eqc_runner.failures import Failed, Unsupported

pytestmark = pytest.mark.frameworks
X = np.random.default_rng(0).standard_normal((4, 64), dtype=np.float32)


@pytest.fixture(autouse=True)
def _deprecated() -> Iterator[None]:
    """TensorFlow deprecates tf.lite, which users have."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.fixture
def tf(tmp_path: Path) -> Any:
    started("tensorflow")
    import tensorflow as tf

    weight = np.random.default_rng(1).standard_normal((64, 64), dtype=np.float32)

    @tf.function(input_signature=[tf.TensorSpec([4, 64], tf.float32, name="x")])
    def dense(x: Any) -> Any:
        return {"y": tf.nn.softmax(x @ weight)}

    tf.saved_model.save(tf.Module(), str(tmp_path / "dense"), dense)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / "dense"))
    (tmp_path / "dense.tflite").write_bytes(converter.convert())
    return tf


def test_flags_change_what_computes(load: Load, tf: Any) -> None:
    given: list[dict[str, Any]] = [
        {},
        {"delegate": "xnnpack"},
        {"delegate": "none"},
        {"kernels": "reference"},
    ]
    finals = []
    for flags in given:
        loaded = load("tensorflow", source="tflite", path="dense.tflite", flags=flags)
        ((name, plain),) = loaded.run({"x": X})
        assert (name, plain.shape) == ("y", (4, 64))
        ((_, again),), layers = loaded.run_layers({"x": X})
        assert [layer.operation for layer in layers] == ["fully_connected", "softmax"]
        finals.append((plain.array.tobytes(), again.array.tobytes()))
    default, xnnpack, none, reference = finals
    assert default == xnnpack
    # The run for the layers has the kernels that the plain run was to have.
    assert none[0] == none[1] == default[1]
    assert reference[0] == reference[1]
    for plain, _ in finals:
        values = np.frombuffer(plain, np.float32)
        assert np.allclose(values, np.frombuffer(default[0], np.float32), atol=1e-5)


def test_xla_reaches_a_saved_model(load: Load, tf: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    function = tf.function
    monkeypatch.setattr(tf, "function", lambda f, **how: asked.append(how) or function(f, **how))
    loaded = load("tensorflow", source="savedmodel", path="dense", flags={"xla": True})
    ((_, compiled),) = loaded.run({"x": X})
    assert asked == [{"jit_compile": True}]
    ((_, plain),) = load("tensorflow", source="savedmodel", path="dense").run({"x": X})
    assert np.allclose(compiled.array, plain.array, atol=1e-5)


@pytest.mark.parametrize(
    ("path", "flags", "says"),
    [
        ("dense.tflite", {"xla": True}, "flag xla concerns builtin:, keras:, savedmodel: models"),
        ("dense.tflite", {"onednn": True}, "flag onednn concerns"),
        ("dense", {"delegate": "none"}, "flag delegate concerns tflite: models, not savedmodel:"),
    ],
)
def test_a_flag_that_changes_nothing_is_no_setting(
    load: Load, tf: Any, path: str, flags: dict[str, Any], says: str
) -> None:
    source = "tflite" if path.endswith(".tflite") else "savedmodel"
    with pytest.raises(Unsupported, match=says):
        load("tensorflow", source=source, path=path, flags=flags)


def test_flags_that_contradict_something(
    load: Load, tf: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags = {"delegate": "xnnpack", "kernels": "reference"}
    with pytest.raises(Failed, match="kernels of its own"):
        load("tensorflow", source="tflite", path="dense.tflite", flags=flags)
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    with pytest.raises(Failed, match="imported with the variable TF_ENABLE_ONEDNN_OPTS=1"):
        load("tensorflow", source="savedmodel", path="dense", flags={"onednn": True})
    load("tensorflow", source="savedmodel", path="dense", flags={"onednn": False})


def test_tf32_is_set(tmp_path: Path, tf: Any) -> None:
    enabled = tf.config.experimental.tensor_float_32_execution_enabled
    workload = {"source": "savedmodel", "name": "", "path": "dense"}
    for value in (False, True):
        settings = Settings("stored", None, None, "cpu", {"tf32": value})
        started("tensorflow").load(workload, tmp_path, settings)
        assert enabled() is value
