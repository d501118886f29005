from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.cpuid.bits import flag_bits
from orchestrator.cpuid.dependencies import NEEDED_BY
from orchestrator.cpuid.states import saved_states
from orchestrator.cpuid.table import CpuidTable

from .tables import HOSTS, decoded, recorded, sizes

HOST = st.sampled_from(sorted(HOSTS))
FLAGS = st.frozensets(st.sampled_from(sorted(flag_bits())), max_size=6)
QUICK = settings(max_examples=60, deadline=None)


@QUICK
@given(HOST, FLAGS)
def test_without_is_idempotent_and_closed(host: str, flags: frozenset[str]) -> None:
    less = recorded(host).without(flags)
    assert less.without(flags) == less
    assert not less.flags & flags
    for flag, needing in NEEDED_BY.items():
        if flag not in less.flags and flag in recorded(host).flags:
            assert not needing & less.flags, flag


@QUICK
@given(HOST, FLAGS, FLAGS)
def test_without_does_not_depend_on_the_order(
    host: str, first: frozenset[str], second: frozenset[str]
) -> None:
    table = recorded(host)
    both = table.without(first | second)
    assert table.without(first).without(second) == both
    assert table.without(second).without(first) == both


@QUICK
@given(HOST, FLAGS)
def test_the_probe_reads_the_flags_that_were_set(host: str, flags: frozenset[str]) -> None:
    table = recorded(host).of_flags(flags)
    assert set(decoded(table)["flags"]) == set(table.flags) == set(flags)


@QUICK
@given(HOST, FLAGS)
def test_states_are_saved_only_of_flags_that_are_there(host: str, flags: frozenset[str]) -> None:
    less = recorded(host).without(flags)
    assert less.xcr0 & ~saved_states(less.flags) == 0
    assert ({"avx", "osxsave"} <= less.flags) == (less.xcr0 & 6 == 6)


@QUICK
@given(
    HOST,
    st.sampled_from(["GenuineIntel", "AuthenticAMD", "HygonGenuine"]),
    st.integers(6, 270),
    st.integers(0, 255),
    st.integers(0, 15),
)
def test_the_probe_reads_vendor_and_signature(
    host: str, vendor: str, family: int, model: int, stepping: int
) -> None:
    table = recorded(host)
    other = table.replaced(vendor=vendor, family=family, model=model, stepping=stepping)
    seen = decoded(other)
    assert seen["vendor"] == other.vendor == vendor
    assert (seen["family"], seen["model"], seen["stepping"]) == (family, model, stepping)
    assert dict(other.signature) == {"family": family, "model": model, "stepping": stepping}
    assert other.flags == table.flags


@QUICK
@given(HOST, st.integers(1, 255), st.integers(1, 4096), st.integers(1, 512))
def test_the_probe_reads_the_caches(host: str, l1d: int, l2: int, l3: int) -> None:
    wanted = {"l1d": l1d << 10, "l2": l2 << 10, "l3": l3 << 19}
    table = recorded(host).replaced(**wanted)
    assert dict(table.caches) == wanted
    assert sizes(table) == wanted


@QUICK
@given(HOST, st.sampled_from(["GenuineIntel", "AuthenticAMD"]))
def test_another_vendor_alone_leaves_the_caches(host: str, vendor: str) -> None:
    table = recorded(host)
    other = table.replaced(vendor=vendor)
    assert dict(other.caches) == dict(table.caches)
    if vendor == "AuthenticAMD":
        assert other.leaves["0x80000005.0"][2] >> 24 == table.caches["l1d"] >> 10
    else:
        assert other.leaves["0x4.0"]


@QUICK
@given(HOST, FLAGS)
def test_text_and_back(host: str, flags: frozenset[str]) -> None:
    table = recorded(host).without(flags)
    back = CpuidTable.of_presented(table.presented("x"))
    assert back == table
    assert back.digest == table.digest


def test_less_avx512_saves_less_and_says_how_much() -> None:
    host = recorded("zen4")
    less = host.without(["avx512f"])
    assert not [flag for flag in less.flags if flag.startswith("avx512")]
    assert {"avx2", "fma"} <= less.flags
    assert less.xcr0 == 0x7
    eax, ebx, ecx, _ = less.leaves["0xd.0"]
    # 512 bytes of x87 and SSE, 64 of the header, 256 of AVX.
    assert (eax, ebx, ecx) == (0x7, 832, 832)


def test_without_xsave_there_is_no_avx_and_nothing_to_read() -> None:
    less = recorded("haswell").without(["xsave"])
    assert less.flags.isdisjoint({"avx", "avx2", "fma", "f16c", "osxsave"})
    assert less.xcr0 == 0
    assert not [name for name in less.leaves if name.startswith("0xd.")]


def test_an_unknown_flag_is_named() -> None:
    with pytest.raises(KeyError, match="avx51f"):
        recorded("haswell").without(["avx51f"])


def test_tables_that_answer_otherwise_have_other_digests() -> None:
    table = recorded("haswell")
    others = [
        table.without(["fma"]),
        table.replaced(vendor="AuthenticAMD"),
        table.replaced(l1d=48 << 10),
        CpuidTable.of(table.leaves, 0x3),
    ]
    assert len({each.digest for each in (table, *others)}) == 5


def test_a_size_in_leaf_2_gives_way_to_leaf_4() -> None:
    table = recorded("haswell")
    descriptors = b"".join(each.to_bytes(4, "little") for each in table.leaves["0x2.0"])
    assert 0x2C in descriptors[1:]  # 32 KiB of data, QEMU's
    other = table.replaced(l1d=48 << 10)
    changed = b"".join(each.to_bytes(4, "little") for each in other.leaves["0x2.0"])
    assert 0x2C not in changed[1:]
    assert 0xFF in changed[1:]
