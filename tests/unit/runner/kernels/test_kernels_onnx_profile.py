"""ONNX Runtime's recorded profiles of LeNet-5, unoptimised and optimised."""

from __future__ import annotations

import json
from typing import NamedTuple

import pytest
from recorded import FOLDER

from eqc_runner.kernels.kernel import Kernel
from eqc_runner.kernels.onnx_profile import kernels


class Tensor(NamedTuple):
    name: str
    operation: str


LAYERS = [
    Tensor("conv2d", "conv2d"),
    Tensor("activation", "tanh"),
    Tensor("pooling2d", "average_pool"),
    Tensor("conv2d_1", "conv2d"),
    Tensor("activation_1", "tanh"),
    Tensor("pooling2d_1", "average_pool"),
    Tensor("flatten", "flatten"),
    Tensor("dense", "dense"),
    Tensor("activation_2", "tanh"),
    Tensor("dense_1", "dense"),
    Tensor("activation_3", "tanh"),
    Tensor("dense_2", "dense"),
    Tensor("softmax", "softmax"),
]
OPERATORS = {
    "average_pool": "AveragePool",
    "conv2d": "Conv",
    "dense": "Gemm",
    "flatten": "Flatten",
    "softmax": "Softmax",
    "tanh": "Tanh",
}
NODES = {f"{layer.name}:{OPERATORS[layer.operation]}": layer.name for layer in LAYERS}


def found(name: str) -> list[Kernel]:
    events = json.loads((FOLDER / f"onnxruntime-{name}.json").read_text("utf-8"))
    return kernels(events, NODES, LAYERS)


def test_unoptimised_every_layer_is_a_node() -> None:
    assert [(one.layer, one.kernel) for one in found("none")][1:4] == [
        ("conv2d", "Conv"),
        ("activation", "Tanh"),
        ("pooling2d", "AveragePool"),
    ]


def test_optimised_what_is_fused_belongs_to_the_convolution() -> None:
    assert [(one.layer, one.kernel) for one in found("all") if one.layer] == [
        ("conv2d", "Conv_nchwc"),
        ("pooling2d", "AveragePool"),
        ("conv2d_1", "Conv_nchwc"),
        ("pooling2d_1", "AveragePool_nchwc"),
        ("flatten", "Flatten"),
        ("dense", "FusedGemm"),
        ("dense_1", "FusedGemm"),
        ("dense_2", "Gemm"),
        ("softmax", "Softmax"),
    ]


@pytest.mark.parametrize(
    ("provider", "kernel"),
    [("CPUExecutionProvider", "Conv"), ("CUDAExecutionProvider", "CUDA:Conv")],
)
def test_another_provider_is_named(provider: str, kernel: str) -> None:
    args = {"op_name": "Conv", "provider": provider, "input_type_shape": [{"float": [1, 2, 3]}]}
    event = {"cat": "Node", "name": "n_kernel_time", "args": args}
    assert kernels([event], {}, []) == [
        Kernel(kernel, "Conv", "1x2x3", "onnxruntime.profile", None)
    ]
