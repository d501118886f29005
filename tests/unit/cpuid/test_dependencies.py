from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.cpuid.bits import flag_bits
from orchestrator.cpuid.dependencies import NEEDED_BY, closure

FLAGS = st.frozensets(st.sampled_from(sorted(flag_bits())), max_size=5)


@given(FLAGS, FLAGS)
def test_a_closure_is_one(first: frozenset[str], second: frozenset[str]) -> None:
    found = closure(first)
    assert first <= found
    assert closure(found) == found
    assert closure(first | second) == closure(second) | found


def test_every_flag_has_a_bit_and_none_needs_itself() -> None:
    for flag, needing in NEEDED_BY.items():
        assert {flag, *needing} <= flag_bits().keys()
        assert flag not in closure(needing)


def test_what_goes_with_what() -> None:
    assert {"avx512bw", "avx512_fp16", "avx512_vnni"} <= closure(["avx512f"])
    assert {"avx2", "fma", "f16c", "avx512f", "avx_vnni"} <= closure(["avx"])
    assert closure(["fma"]) == {"fma"}
    assert closure(["avx2"]).isdisjoint({"avx512f", "fma"})
    assert {"amx_int8", "amx_bf16"} <= closure(["amx_tile"])
