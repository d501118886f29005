"""oneDNN's and MKL's logs, as real runs and as other versions write them."""

from __future__ import annotations

import pytest
from recorded import lines

from eqc_runner.kernels.kernel import Kernel
from eqc_runner.kernels.onednn import ran
from eqc_runner.kernels.trace import Line, Mark

CONV = "mb1_ic256oc64_ih32oh32kh3sh1dh0ph1_iw32ow32kw3sw1dw0pw1"


def named(name: str) -> list[tuple[str | None, str, str | None]]:
    return [(one.kernel.layer, one.kernel.kernel, one.kernel.sizes) for one in ran(lines(name))]


def test_torch_by_layer() -> None:
    assert named("torch.log") == [
        (
            "conv2d",
            "brg_conv_fwd:avx512_core",
            "mb1_ic1oc6_ih32oh28kh5sh1dh0ph0_iw32ow28kw5sw1dw0pw0",
        ),
        (
            "conv2d_1",
            "brg_conv_fwd:avx512_core",
            "mb1_ic6oc16_ih14oh10kh5sh1dh0ph0_iw14ow10kw5sw1dw0pw0",
        ),
        ("dense", "mkl:sgemm:avx512", "120x400:400x1"),
        ("dense_1", "mkl:sgemm:avx512", "84x120:120x1"),
        ("dense_2", "mkl:sgemm:avx512", "10x84:84x1"),
    ]


def test_blocks_of_eigen_keep_their_sizes() -> None:
    found = named("tensorflow-eigen.log")
    assert found
    assert {kernel for _, kernel, _ in found} == {"gemm_api"}
    assert all(sizes is not None and "x" in sizes for _, _, sizes in found)
    assert all(one.milliseconds is not None for one in ran(lines("tensorflow-eigen.log")))


@pytest.mark.parametrize(
    "text",
    [
        (
            f"dnnl_verbose,exec,cpu,convolution,jit:avx2,forward_training,src_f32:f0 "
            f"wei_f32::blocked:ABcd8b8a:f0,,alg:convolution_direct,{CONV},0.05"
        ),
        (
            f"onednn_verbose,exec,cpu,convolution,jit:avx2,forward_inference,src_f32::blocked:aBcd8b:f0"
            f",attr-scratchpad:user ,alg:convolution_direct,{CONV},0.05"
        ),
        (
            f"onednn_verbose,primitive,exec,cpu,convolution,jit:avx2,forward_inference,src:f32,"
            f"attr-scratchpad:user,alg:convolution_direct,{CONV},0.05"
        ),
        (
            f"onednn_verbose,v1,1795747232660.172119,primitive,exec,cpu,convolution,jit:avx2,"
            f"forward_training,src:f32:a:blocked:aBcd16b::f0,attr-scratchpad:user,"
            f"alg:convolution_direct,{CONV},21.4788"
        ),
    ],
)
def test_every_version_of_the_log(text: str) -> None:
    (one,) = ran([Line(text, Mark("conv", "conv2d"))])
    assert one.kernel == Kernel("jit:avx2", "convolution", CONV, "onednn", "conv")
    assert one.milliseconds == (1795747232660.172119 if "v1" in text else None)


@pytest.mark.parametrize(
    "text",
    [
        "onednn_verbose,v1,info,cpu,runtime:OpenMP,nthr:2",
        "onednn_verbose,v1,primitive,info,template:timestamp,operation,engine,primitive",
        "onednn_verbose,v1,1.5,primitive,exec,cpu,reorder,jit:uni,undef,src,attr,,1x2x3,4.5",
        "onednn_verbose,v1,1.5,primitive,exec,cpu",
        "my model says: exec",
        "",
    ],
)
def test_other_lines_are_no_kernels(text: str) -> None:
    assert list(ran([Line(text, None)])) == []


@pytest.mark.parametrize(
    ("words", "isa"),
    [
        ("Intel(R) Advanced Vector Extensions 512 (Intel(R) AVX-512) enabled processors", "avx512"),
        ("Intel(R) Advanced Vector Extensions 2 (Intel(R) AVX2) enabled processors", "avx2"),
        ("Intel(R) Architecture processors", "compatible"),
    ],
)
def test_mkl_names_its_code(words: str, isa: str) -> None:
    header = (
        "MKL_VERBOSE oneMKL 2024.0 Update 2 Product build 20240605 for Intel(R) 64 architecture "
        f"{words}, Lnx 2.10GHz lp64 gnu_thread"
    )
    calls = ["SGEMM(N,N,128,64,300,0x7f,0x5,128)", "SGEMV(t,300,64,0x7f)", "SGEMM_BATCH(N,N,0x7f)"]
    log = [header, *(f"MKL_VERBOSE {call} 20.16ms CNR:OFF Dyn:1" for call in calls)]
    assert [
        (one.kernel.kernel, one.kernel.sizes) for one in ran([Line(text, None) for text in log])
    ] == [
        (f"mkl:sgemm:{isa}", "128x300:300x64"),
        (f"mkl:sgemv:{isa}", "300x64"),
        (f"mkl:sgemm_batch:{isa}", None),
    ]
