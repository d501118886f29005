"""Builtin models on all frameworks: the same layers, and numbers that differ little."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from adapter_loading import Load, started

from eqc_runner.adapters.protocol import LayerOutput
from eqc_runner.failures import Failed, Unsupported
from eqc_runner.tensor import Tensor

pytestmark = pytest.mark.frameworks

FRAMEWORKS = ("numpy", "torch", "onnxruntime", "tensorflow", "openvino", "jax")
SHAPES = {
    "lenet5": (1, 32, 32, 1),
    "conv": (1, 9, 32, 3),
    "dense": (2, 1, 1, 1024),
    "softmax": (2, 1, 1, 1000),
    "logsumexp": (2, 1, 1, 1000),
    "sum": (2, 1, 1, 4096),
}
VARIANT = {"activation": "sigmoid", "pooling": "average"}


def numbers(tensor: Tensor) -> np.ndarray:
    """The values as float64; a bfloat16 is the upper half of a float32."""
    if tensor.dtype == "bfloat16":
        return (tensor.array.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    return tensor.array.astype(np.float64)


def differences(ours: list[LayerOutput], others: list[LayerOutput]) -> float:
    """The largest difference of two elements, relative to their layer's largest element."""
    assert [(x.name, x.operation) for x in ours] == [(x.name, x.operation) for x in others]
    worst = 0.0
    for one, other in zip(ours, others, strict=True):
        assert one.tensor.shape == other.tensor.shape, one.name
        scale = max(1.0, float(np.abs(numbers(one.tensor)).max()))
        difference = float(np.abs(numbers(one.tensor) - numbers(other.tensor)).max())
        worst = max(worst, difference / scale)
    return worst


@pytest.mark.parametrize("framework", FRAMEWORKS[1:])
@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("cifar10-small", {"weights": "trained"}),
        ("cifar10-small", {"weights": "seed:1", "arguments": VARIANT, "batch": 3}),
        ("lenet5", {"weights": "trained"}),
        ("conv", {"weights": "seed:2", "arguments": {"kernel": 4, "height": 9}}),
        ("cifar10-resnet18", {"weights": "seed:1"}),
        ("cifar10-resnet18", {"weights": "seed:1", "arguments": {"stem": "cifar", **VARIANT}}),
        ("cifar10-small", {"weights": "seed:1", "arguments": {"activation": "linear"}}),
        ("cifar10-small", {"weights": "trained", "arguments": {"layer": "conv2d"}}),
        ("dense", {"weights": "glorot:seed=1"}),
        ("softmax", {}),
        ("logsumexp", {}),
        ("sum", {}),
    ],
)
def test_frameworks_agree(load: Load, framework: str, name: str, how: dict[str, Any]) -> None:
    shape = SHAPES.get(name, (1, 32, 32, 3))
    inputs = {"input": np.random.default_rng(1).random(shape, dtype=np.float32)}
    reference, model = load("numpy", name, **how), load(framework, name, **how)
    assert model.facts == reference.facts
    (wanted,), layers = reference.run_layers(inputs)
    (final,) = model.run(inputs)
    (instrumented,), found = model.run_layers(inputs)
    assert wanted[0] == final[0] == instrumented[0] == "output"
    assert differences(layers, found) < 1e-4
    assert final[1].shape == wanted[1].shape
    assert final[1].array.dtype == np.float32
    scale = max(1.0, float(wanted[1].array.max()))
    assert np.allclose(wanted[1].array / scale, final[1].array / scale, atol=1e-4)
    assert np.allclose(instrumented[1].array / scale, final[1].array / scale, atol=1e-5)
    assert np.array_equal(found[-1].tensor.array, instrumented[1].array)


@pytest.mark.parametrize("framework", FRAMEWORKS[1:])
def test_ways_of_computing_are_numpys(load: Load, framework: str) -> None:
    with pytest.raises(Unsupported, match="sum as 'kahan' is computed by numpy alone") as caught:
        load(framework, "sum", arguments={"order": "kahan"})
    assert caught.value.code == "unsupported-operator"


@pytest.mark.slow
@pytest.mark.parametrize("framework", FRAMEWORKS[1:])
def test_the_large_one_agrees(load: Load, framework: str) -> None:
    picture = np.random.default_rng(1).random((1, 256, 256, 3), dtype=np.float32)
    how = {"name": "deepweeds-resnet50v2", "weights": "seed:1"}
    _, layers = load("numpy", **how).run_layers({"input": picture})
    _, found = load(framework, **how).run_layers({"input": picture})
    assert differences(layers, found) < 1e-4


BITS = {"float16": 10, "bfloat16": 7, "float64": 52}


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("precision", BITS)
def test_precisions(load: Load, picture: np.ndarray, framework: str, precision: str) -> None:
    how = {"weights": "trained", "precision": precision}
    if (framework, precision) in LACKING:
        with pytest.raises(Unsupported) as caught:
            load(framework, "cifar10-small", **how)
        assert caught.value.code == "unsupported-precision"
        return
    wanted = load("numpy", "cifar10-small", weights="trained", precision="float64")
    model = load(framework, "cifar10-small", **how)
    _, layers = wanted.run_layers({"input": picture})
    _, found = model.run_layers({"input": picture})
    assert {x.tensor.dtype for x in found} == {precision}
    assert model.run({"input": picture})[0][1].dtype == precision
    # Weights and input are rounded to this precision; errors add up over the layers.
    assert differences(layers, found) < 2.0 ** (3 - BITS[precision])
    assert model.facts == wanted.facts


LACKING = {
    ("numpy", "bfloat16"),
    ("onnxruntime", "bfloat16"),
    ("onnxruntime", "float64"),
    ("openvino", "bfloat16"),
    ("openvino", "float64"),
}


@pytest.mark.parametrize(
    ("framework", "flags"),
    [
        ("numpy", {"convolution": "winograd"}),
        ("numpy", {"convolution": "direct"}),
        ("torch", {"mkldnn": False}),
        ("torch", {"channels_last": True, "deterministic": True}),
        ("torch", {"mkldnn": True, "deterministic": False}),
        ("onnxruntime", {"optimization": "none"}),
        ("onnxruntime", {"optimization": "extended"}),
        ("tensorflow", {"xla": True}),
        ("openvino", {"inference_precision": "f32", "execution_mode": "accuracy"}),
        ("jax", {"jit": False}),
        ("jax", {"matmul_precision": "highest"}),
    ],
)
def test_flags(load: Load, picture: np.ndarray, framework: str, flags: dict[str, object]) -> None:
    (_, plain), = load(framework, "cifar10-small").run({"input": picture})  # fmt: skip
    (_, other), = load(framework, "cifar10-small", flags=flags).run({"input": picture})  # fmt: skip
    assert np.allclose(plain.array, other.array, atol=1e-5)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_wrong_settings_and_sources_are_refused(
    load: Load, picture: np.ndarray, framework: str
) -> None:
    with pytest.raises(Failed, match="flags are"):
        load(framework, "cifar10-small", flags={"speed": 1})
    with pytest.raises(Failed, match="no builtin model"):
        load(framework, "cifar11")
    with pytest.raises(Unsupported, match=r"cannot read caffe: models, only builtin:"):
        load(framework, source="caffe", path="x")
    with pytest.raises(Failed, match="neither 'cpu' nor 'gpu'"):
        load(framework, "lenet5", device="tpu")
    with pytest.raises(Failed, match=r"expected \(any, 32, 32, 1\), got \(1, 32, 32, 3\)"):
        load(framework, "lenet5").run({"input": picture})


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_missing_gpu_is_reported(load: Load, framework: str) -> None:
    with pytest.raises(Unsupported, match="sees no GPU here"):
        load(framework, "lenet5", device="gpu")


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_description(load: Load, framework: str) -> None:
    load(framework, "conv")
    said = started(framework).describe()
    assert set(said) == {"version", "isa", "threads", "libraries"}
    assert said["version"][0].isdecimal()
    assert all(isinstance(said[key], dict) for key in ("isa", "threads", "libraries"))
    if framework == "numpy":
        assert said["isa"]["openblas"]
        assert said["threads"]["blas"] >= 1
    if framework == "torch":
        assert said["isa"]["aten"] in ("DEFAULT", "AVX2", "AVX512", "SVE", "SVE256")
        assert said["libraries"]["onednn"]


def test_a_bfloat16_input_reaches_the_framework_bit_for_bit() -> None:
    from eqc_runner.adapters.keras_model import tensorflow_constant
    from eqc_runner.adapters.python_function import tensor_of
    from eqc_runner.adapters.torch_builtin import torch_tensor

    started("torch"), started("tensorflow")
    import tensorflow as tf
    import torch

    bits = np.array([[0x3DCD, 0x8000], [0x7F80, 0x7F81], [0xFFC1, 1]], np.uint16)
    carried = (bits.astype(np.uint32) << 16).view(np.float32)
    for tensor in (torch_tensor(torch, carried, "bfloat16"),
                   tensorflow_constant(tf, carried, "bfloat16")):  # fmt: skip
        assert tensor_of(tensor).dtype == "bfloat16"
        assert np.array_equal(tensor_of(tensor).array, bits)
