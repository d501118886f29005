"""The primitives of OpenVINO's runtime model."""

from __future__ import annotations

from eqc_runner.kernels.openvino_model import Primitive, kernels


def test_a_primitive_belongs_to_the_first_layer_that_it_computes() -> None:
    primitives = [
        Primitive("Input", "unknown_f32", ("input",)),
        Primitive("Const", "unknown_f32", ("conv2d/kernel",)),
        Primitive(
            "Convolution",
            "brgconv_avx512_f32",
            ("conv2d:Conv/WithoutBiases", "conv2d:Conv", "activation:Tanh"),
        ),
        Primitive("Reorder", "jit_uni_f32", ("",)),
        Primitive("Transpose", "unknown_f32", ("flatten/nhwc:Transpose",)),
    ]
    layers = [("conv2d", None), ("activation", None), ("flatten", None)]
    assert [(one.layer, one.operation, one.kernel) for one in kernels(primitives, layers)] == [
        ("conv2d", "Convolution", "brgconv_avx512_f32"),
        (None, "Reorder", "jit_uni_f32"),
        ("flatten", "Transpose", "unknown_f32:Transpose"),
    ]


def test_a_file_names_nodes_and_tensors_apart() -> None:
    primitives = [Primitive("MatMul", "gemm_mlas_f32", ("/fc/Gemm",))]
    (one,) = kernels(primitives, [("logits", "/fc/Gemm")])
    assert one.layer == "logits"
