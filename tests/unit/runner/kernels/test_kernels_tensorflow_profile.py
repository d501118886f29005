"""TensorFlow's recorded profile, with what oneDNN printed meanwhile."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from recorded import FOLDER, lines

from eqc_runner.kernels.kernel import Kernel
from eqc_runner.kernels.onednn import Ran, ran
from eqc_runner.kernels.tensorflow_profile import Layer, Operation, kernels, operations

LENET = [
    Layer("conv2d", "conv2d"),
    Layer("activation", "tanh"),
    Layer("pooling2d", "average_pool"),
    Layer("conv2d_1", "conv2d"),
    Layer("activation_1", "tanh"),
    Layer("pooling2d_1", "average_pool"),
    Layer("flatten", "flatten"),
    Layer("dense", "dense"),
    Layer("activation_2", "tanh"),
    Layer("dense_1", "dense"),
    Layer("activation_3", "tanh"),
    Layer("dense_2", "dense"),
    Layer("softmax", "softmax"),
]


def recorded(name: str) -> list[Kernel]:
    protocol: Any = importlib.import_module("tensorflow.tsl.profiler.protobuf.xplane_pb2")
    space = protocol.XSpace()
    space.ParseFromString((FOLDER / f"{name}.xplane.pb").read_bytes())
    seen = sorted(operations(space), key=lambda one: (one.start, -one.end))
    return kernels(seen, list(ran(lines(f"{name}.log"))), LENET)


@pytest.mark.frameworks
def test_onednn_by_layer() -> None:
    found = recorded("tensorflow-onednn")
    assert [(one.layer, one.kernel) for one in found if one.source == "onednn"] == [
        ("conv2d", "brg_conv_fwd:avx512_core"),
        ("pooling2d", "jit:avx512_core"),
        ("conv2d_1", "brg_conv_fwd:avx512_core"),
        ("pooling2d_1", "jit:avx512_core"),
        ("dense", "x64:gemm:jit"),
        ("dense_1", "x64:gemm:jit"),
        ("dense_2", "x64:gemm:jit"),
        ("softmax", "jit:avx10_1_512"),
    ]


@pytest.mark.frameworks
def test_blocks_of_eigen_belong_to_the_convolution_that_ran_then() -> None:
    found = recorded("tensorflow-eigen")
    blocks = [one for one in found if one.kernel == "gemm_api"]
    assert {one.layer for one in blocks} == {"conv2d", "conv2d_1"}
    assert {one.operation for one in blocks} == {"_FusedConv2D"}
    assert {one.layer for one in found if one.operation == "_FusedMatMul"} == {
        "dense",
        "dense_1",
        "dense_2",
    }


def test_a_fused_operation_belongs_to_its_convolution_not_to_the_activation() -> None:
    layers = [Layer("conv2d", "conv2d"), Layer("activation", "relu"), Layer("dense", "dense")]
    seen = [Operation("net/activation/Relu", "_FusedConv2D", 1, 2)]
    (one,) = kernels(seen, [], layers)
    assert one.layer == "conv2d"


def test_names_that_keras_numbers_again() -> None:
    layers = [Layer("conv2d", "conv2d"), Layer("conv2d_1", "conv2d")]
    seen = [
        Operation("net/conv2d_1/BiasAdd", "_FusedConv2D", 1, 2),
        Operation("net/conv2d_1_2/BiasAdd", "_FusedConv2D", 3, 4),
    ]
    assert [one.layer for one in kernels(seen, [], layers)] == ["conv2d", "conv2d_1"]


def test_what_was_printed_outside_of_any_operation_has_no_layer() -> None:
    printed = Ran(Kernel("gemm_api", "gemm_api", "4x4:4x4", "onednn"), 9.0, None)
    seen = [Operation("net/conv2d/BiasAdd", "_FusedConv2D", 1, 2)]
    found = kernels(seen, [printed], [Layer("conv2d", "conv2d")])
    assert [(one.kernel, one.layer) for one in found] == [
        ("_FusedConv2D", "conv2d"),
        ("gemm_api", None),
    ]


def test_of_a_gpu_its_own_kernels_are_listed() -> None:
    name = "void cudnn::winograd_nonfused::winogradForwardOutput4x4<float, float>"
    seen = [
        Operation("net/conv2d/Conv2D", "Conv2D", 1, 9),
        Operation("net/conv2d/Conv2D", "Conv2D", 2, 3, name),
    ]
    found = kernels(seen, [], [Layer("conv2d", "conv2d")])
    assert [(one.layer, one.kernel) for one in found] == [("conv2d", name)]
