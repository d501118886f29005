"""TFLite files on LiteRT: what TensorFlow's interpreter gives, from the package of its own."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from adapter_loading import Load, started

from eqc_runner.failures import Failed, Unsupported
from eqc_runner.tensor import Tensor

pytestmark = [
    pytest.mark.frameworks,
    pytest.mark.filterwarnings(r"ignore:\s*Warning. tf.lite.Interpreter is deprecated:UserWarning"),
]


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A file with one signature: an input ``x``, an output ``y``, two layers."""
    started("tensorflow")
    import tensorflow as tf

    class Net(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([1, 8], tf.float32, "x")])
        def __call__(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
            weights = tf.constant(np.random.default_rng(1).random((8, 4), np.float32))
            return {"y": tf.nn.softmax(tf.matmul(x, weights))}

    module = Net()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        converter = tf.lite.TFLiteConverter.from_concrete_functions(
            [module.__call__.get_concrete_function()], module
        )
        made: bytes = converter.convert()
    return made


@pytest.mark.parametrize("flags", [{}, {"delegate": "none"}, {"kernels": "reference"}])
def test_a_file_gives_what_it_gives_in_tensorflow(
    load: Load, tmp_path: Path, net: bytes, flags: dict[str, object]
) -> None:
    (tmp_path / "net.tflite").write_bytes(net)
    x = np.random.default_rng(2).random((1, 8), np.float32)
    found = {}
    for framework in ("litert", "tensorflow"):
        model = load(framework, source="tflite", path="net.tflite", flags=flags)
        ((name, found[framework]),) = model.run({"x": x})
        assert name == "y"
        assert isinstance(found[framework], Tensor)
        _, layers = model.run_layers({"x": x})
        assert [layer.operation for layer in layers] == ["fully_connected", "softmax"]
        assert started(framework).describe()["libraries"]["dtypes"] == "float32"
    assert np.allclose(found["litert"].array, found["tensorflow"].array, rtol=1e-5)


def test_what_it_cannot_do_is_refused(load: Load, tmp_path: Path, net: bytes) -> None:
    (tmp_path / "net.tflite").write_bytes(net[:50])
    with pytest.raises(Failed, match=r"net.tflite is not a valid TFLite model"):
        load("litert", source="tflite", path="net.tflite")
    with pytest.raises(Unsupported, match=r"litert cannot read onnx: models"):
        load("litert", source="onnx", path="net.onnx")
    with pytest.raises(Unsupported, match="sees no GPU here"):
        load("litert", source="tflite", path="net.tflite", device="gpu")
    with pytest.raises(Failed, match="flags are delegate"):
        load("litert", source="tflite", path="net.tflite", flags={"xla": True})


@pytest.mark.parametrize(
    ("flags", "kind", "why"),
    [
        ({}, "xnnpack", "XNNPACK computes operators together and does not say how"),
        ({"delegate": "none"}, "builtin", None),
        ({"kernels": "reference"}, "reference", None),
    ],
)
def test_its_operators_are_its_kernels(
    load: Load, tmp_path: Path, net: bytes, flags: dict[str, object], kind: str, why: str | None
) -> None:
    (tmp_path / "net.tflite").write_bytes(net)
    x = np.random.default_rng(2).random((1, 8), np.float32)
    model = load("litert", source="tflite", path="net.tflite", flags=flags)
    told = model.run_told({"x": x})  # type: ignore[attr-defined]
    assert told.reason == why
    assert [kernel.kernel for kernel in told.kernels] == [
        f"{kind}:fully_connected",
        f"{kind}:softmax",
    ]
    assert told.kernels[-1].layer is not None
    ((_, plain),) = model.run({"x": x})
    assert isinstance(plain, Tensor)
    assert told.finals[0][1].array.tobytes() == plain.array.tobytes()
