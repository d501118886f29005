"""Operators of torch's profiler, recorded, with what the libraries printed."""

from __future__ import annotations

import json

from recorded import FOLDER, lines

from eqc_runner.kernels.onednn import ran
from eqc_runner.kernels.torch_profile import Event, kernels


def found(name: str) -> list[tuple[str | None, str | None, str]]:
    events = [Event(*event[:4], tuple(event[4])) for event in read(name)]
    printed = list(ran(lines(f"{name}.log")))
    return [(one.layer, one.operation, one.kernel) for one in kernels(events, printed)]


def read(name: str) -> list[list[object]]:
    recorded: list[list[object]] = json.loads((FOLDER / f"{name}.events.json").read_text("utf-8"))
    return recorded


def test_with_onednn_each_operator_once() -> None:
    assert found("torch") == [
        ("conv2d", "convolution", "brg_conv_fwd:avx512_core"),
        ("activation", "aten::tanh", "aten::tanh"),
        ("pooling2d", "aten::avg_pool2d", "aten::avg_pool2d"),
        ("conv2d_1", "convolution", "brg_conv_fwd:avx512_core"),
        ("activation_1", "aten::tanh", "aten::tanh"),
        ("pooling2d_1", "aten::avg_pool2d", "aten::avg_pool2d"),
        ("dense", "dense", "mkl:sgemm:avx512"),
        ("activation_2", "aten::tanh", "aten::tanh"),
        ("dense_1", "dense", "mkl:sgemm:avx512"),
        ("activation_3", "aten::tanh", "aten::tanh"),
        ("dense_2", "dense", "mkl:sgemm:avx512"),
        ("softmax", "aten::_softmax", "aten::_softmax"),
    ]


def test_without_onednn_the_explicit_product_is_seen() -> None:
    first = found("torch-mkldnn-off")[:2]
    assert first == [
        ("conv2d", "aten::_slow_conv2d_forward", "aten::_slow_conv2d_forward"),
        ("conv2d", "conv2d", "mkl:sgemm:avx512"),
    ]


def test_of_a_gpu_its_own_kernels_are_listed() -> None:
    on_gpu = ("volta_scudnn_128x64_relu_interior_nn_v1",)
    seen = [
        Event("aten::conv2d", 0, 9, 1),
        Event("aten::cudnn_convolution", 1, 8, 1, on_gpu),
        Event("eqc-layer:conv", 10, 11, 1),
    ]
    (one,) = kernels(seen, [])
    assert (one.layer, one.operation, one.kernel) == ("conv", "aten::cudnn_convolution", *on_gpu)
