"""The algorithm of kernels by their names.

Names of CPUs' kernels were seen in runs of ours. Those of GPUs are recorded ones, of traces that
others published; none was run on a GPU here.
"""

from __future__ import annotations

import pytest

from orchestrator.catalog.kernels import kind_of, kind_of_operator
from orchestrator.results.kernels import KernelRecord

ON_CPUS = {
    "direct": [
        "jit:avx512_core",
        "jit:avx2",
        "jit:sse41",
        "jit_1x1:avx512_core",
        "jit_dw:avx512_core",
        "jit_avx512_f32",
        "Conv_nchwc",
        "numpy:direct",
    ],
    "implicit GEMM": ["brg_conv_fwd:avx512_core", "brgconv:avx512_core", "brgconv_1x1:avx512_core",
                      "brgconv_avx512_f32", "brgconv_avx512_bf16"],
    "explicit GEMM": ["aten::_slow_conv2d_forward", "numpy:im2col:openblas:sgemm:skylakex"],
    "GEMM": ["gemm:jit", "x64:gemm:jit", "gemm_api", "mkl:sgemm:avx512", "openblas:sgemm:haswell",
             "brg_matmul:avx512_core", "gemm_mlas_f32", "brgemm_avx512_f32", "jit_gemm_f32",
             "FusedGemm"],
    "Winograd": ["jit_wino_4x3:avx512_core", "wino_reorder", "aten::_nnpack_spatial_convolution",
                 "numpy:winograd:openblas:sgemm:haswell"],
    "unclassified": ["aten::tanh", "Conv", "_FusedConv2D", "numpy:relu", "ref:any", "undef_f32"],
}  # fmt: skip
ON_GPUS = {
    "direct": [
        "void cudnn::cnn::conv2d_grouped_direct_kernel<false, true, false, false, 0, 0>",
        "void at::native::(anonymous namespace)::conv_depthwise2d_forward_kernel<3, float, int>",
    ],
    "implicit GEMM": [
        "void cudnn::detail::implicit_convolve_sgemm<float, float, 128, 6, 7, 3, 3, 5, 1, true>",
        "_Z23implicit_convolve_sgemmIffLi1024ELi5ELi5ELi3ELi3ELi3ELi1ELb0ELb1ELb1EEviiiPKT_",
        "void implicit_convolve_sgemm<float, float, 512, 6, 8, 3, 3, 5, 1, false, true, true>",
        "cudnn_convolve_sgemm_sm35_ldg_nn_64x16x64x16x16",
    ],
    "implicit GEMM, tensor core": [
        (
            "sm80_xmma_fprop_implicit_gemm_tf32f32_tf32f32_f32_nhwckrsc_nchw_tilesize128x128x16_stage4_"
            "warpsize2x2x1_g1_tensor16x8x8_execute_kernel__5x_cudnn"
        ),
        (
            "sm80_xmma_fprop_implicit_gemm_f16f16_f16f32_f32_nhwckrsc_nhwc_tilesize256x64x32_stage3_"
            "warpsize4x1x1_g1_tensor16x8x16_kernel"
        ),
        (
            "sm90_xmma_fprop_implicit_gemm_bf16bf16_bf16f32_f32_nhwckrsc_nhwc_tilesize128x128x64_"
            "warpgroupsize1x1x1_g1_execute_segment_k_off_kernel__5x_cudnn"
        ),
        (
            "void cutlass__5x_cudnn::Kernel<cutlass_tensorop_s1688fprop_optimized_tf32_64x64_16x10_"
            "nhwc_align4>"
        ),
    ],
    "explicit GEMM": [
        "void explicit_convolve_sgemm<float, int, 512, 6, 8, 3, 3, 5, 0, false>",
        "void cudnn::cnn::im2col4d_kernel<float, long>",
    ],
    "precomputed GEMM": [
        "void precomputed_convolve_sgemm<float, 1024, 5, 5, 4, 3, 3, 1, false>",
        "cudnn_convolve_precomputed_sgemm_sm35_ldg_nn_64x8x128x16x16",
        "maxwell_scudnn_128x64_relu_small_nn",
        "maxwell_scudnn_128x128_relu_interior_nn_v1",
        "volta_scudnn_128x64_relu_interior_nn_v1",
        "ampere_scudnn_128x32_relu_interior_nn_v1",
    ],
    "precomputed GEMM, tensor core": [
        "volta_fp16_s884cudnn_fp16_128x128_ldg8_relu_f2f_exp_small_nhwc2nchw_tn_v1",
        "turing_h1688cudnn_256x64_ldg8_relu_exp_medium_nhwc_tn_v1",
    ],
    "fused Winograd": [
        "maxwell_scudnn_winograd_128x128_ldg1_ldg4_relu_tile148m_nt_v1",
        "volta_scudnn_winograd_128x128_ldg1_ldg4_relu_tile148t_nt_v1",
        "_5x_cudnn_volta_scudnn_winograd_128x128_ldg1_ldg4_relu_tile148t_nt_v1",
        "cudnn_infer_ampere_scudnn_winograd_128x128_ldg1_ldg4_relu_tile148t_nt_v1",
    ],
    "non-fused Winograd": [
        "void cudnn::winograd_nonfused::winogradForwardOutput4x4<float, float>",
        "void cudnn::winograd_nonfused::winogradForwardData4x4<float, float>",
        "_ZN5cudnn17winograd_nonfused24winogradForwardOutput4x4IffEEvNS0_20WinogradOutputParams",
        "void cudnn::winograd::generateWinogradTilesKernel<0, float, float>",
    ],
    "FFT": [
        "void fft2d_c2r_32x32<float, false, false, 0u, false, false>",
        "void fft2d_r2c_16x16<float>",
        "volta_gcgemm_32x32_nt",
        "volta_cgemm_32x32_tn",
        "void DSE::vector_fft<0, 1, 128, 8, 8, 1, float, float, float2>",
    ],
    "GEMM": [
        "volta_sgemm_128x64_nn",
        "maxwell_sgemm_128x64_raggedMn_tn_splitK",
        "ampere_sgemm_64x32_sliced1x4_tn",
        "cutlass_80_simt_sgemm_64x64_8x5_tn_align1",
        "void gemmSN_NN_kernel<float, 128, 2, 4, 8, 4, 4, false>",
        "void gemv2N_kernel_val<float, float, float, int=128, int=32, int=4, int=4, int=1>",
    ],
    "GEMM, tensor core": [
        "volta_h884gemm_256x128_ldg8_nn",
        "cutlass_80_tensorop_bf16_s16816gemm_relu_bf16_256x128_32x3_tn_align8",
        "nvjet_hsh_128x256_64x4_2x1_v_bz_coopA_NNT",
    ],
    "unclassified": [
        "void at::native::vectorized_elementwise_kernel<4, at::native::AddFunctor<float>>",
        "void cudnn::ops::nchwToNhwcKernel<float, float, float, false, true, 0>",
        "void cudnn::bn_fw_tr_1C11_kernel_NCHW<float, float, 512, true, 1>",
        "void pooling_fw_4d_kernel<float, float, cudnn::averpooling_func<float>, 2>",
    ],
}


@pytest.mark.parametrize(
    ("kernel", "words"),
    [
        (kernel, words)
        for names in (ON_CPUS, ON_GPUS)
        for words, kernels in names.items()
        for kernel in kernels
    ],
)
def test_algorithms(kernel: str, words: str) -> None:
    kind = kind_of(kernel, "convolution")
    assert ("unclassified" if kind is None else str(kind)) == words


@pytest.mark.parametrize("operation", ["pooling", "softmax", "eltwise", None])
def test_a_loop_is_direct_for_convolutions_only(operation: str | None) -> None:
    assert kind_of("jit:avx512_core", operation) is None


@pytest.mark.parametrize(
    ("kernels", "words"),
    [
        (["void cudnn::winograd_nonfused::winogradForwardData4x4<float>", "volta_sgemm_128x64_nn"],
         "non-fused Winograd"),
        (["aten::_slow_conv2d_forward", "mkl:sgemm:avx2"], "explicit GEMM"),
        (["aten::tanh"], None),
        ([], None),
    ],
)  # fmt: skip
def test_the_parts_of_one_operator(kernels: list[str], words: str | None) -> None:
    kind = kind_of_operator([KernelRecord(name, "convolution") for name in kernels])
    assert (None if kind is None else str(kind)) == words
