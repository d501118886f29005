"""Flags that need other flags: what goes too where one of them is taken away.

Source: Linux, ``arch/x86/kernel/cpu/cpuid-deps.c``, with what it leaves out because a kernel never
clears it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

_KERNEL = {
    "fpu": "fxsr",
    "fxsr": "cmov mmx fxsr_opt xsave sse",
    "mmx": "mmxext",
    "sse": "sse2",
    "sse2": "pni ssse3 sse4_1 sse4_2 pclmulqdq f16c aes sha_ni gfni",
    "xsave": "xsaveopt xsavec xsaves avx pku mpx xgetbv1",
    "xsaves": "enqcmd xfd shstk",
    "xgetbv1": "xfd",
    "xfd": "amx_tile",
    "avx": "fma vaes vpclmulqdq avx2 avx512f",
    "avx512f": "avx512ifma avx512pf avx512er avx512cd avx512dq avx512bw avx512vl avx512vbmi"
    " avx512_4vnniw avx512_4fmaps avx512_vpopcntdq",
    "avx512vl": "avx512_vbmi2 avx512_vnni avx512_bitalg avx512_vp2intersect avx512_bf16",
    "avx512bw": "avx512_fp16",
    "sgx": "sgx_lc",
    "lkgs": "fred",
}
_MORE = {
    # Written with the AVX encoding: without AVX they cannot be executed.
    "avx": "f16c fma4 xop avx_vnni",
    # Their vectors are AVX2's.
    "avx2": "avx_ifma avx_vnni_int8 avx_ne_convert avx_vnni_int16",
    # A converged AVX-512: its leaf means nothing without it.
    "avx512f": "avx10",
    # They compute on the tiles.
    "amx_tile": "amx_bf16 amx_int8 amx_fp16 amx_complex",
    # XGETBV, and the state that only XSAVE keeps.
    "xsave": "osxsave apx",
    "pku": "ospke",
    "sse": "sse4a misalignsse",
    "mmx": "3dnow",
    "3dnow": "3dnowext",
}


def _needed_by() -> Mapping[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for table in (_KERNEL, _MORE):
        for flag, needing in table.items():
            found[flag] = found.get(flag, frozenset()) | frozenset(needing.split())
    return MappingProxyType(found)


NEEDED_BY = _needed_by()
"""Flag → the flags that cannot be without it."""


def closure(flags: Iterable[str]) -> frozenset[str]:
    """``flags`` and, through any number of steps, all that need one of them."""
    found: set[str] = set()
    left = list(flags)
    while left:
        flag = left.pop()
        if flag not in found:
            found.add(flag)
            left += NEEDED_BY.get(flag, frozenset())
    return frozenset(found)
