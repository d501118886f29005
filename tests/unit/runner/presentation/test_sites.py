from __future__ import annotations

import platform
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from elf_maker import ADDRESS, shared_object
from hypothesis import given, settings
from hypothesis import strategies as st
from instructions import CPUID, HIDING, LEAF_1, ORDINARY, RETURN, XGETBV

from eqc_runner.presentation.elf import Elf

if platform.machine() != "x86_64":
    pytest.skip("CPUID is an instruction of x86-64", allow_module_level=True)

from eqc_runner.presentation.sites import Sites, find_sites

PLANTED = (LEAF_1 + CPUID, b"\x31\xc9" + XGETBV)


def found(content: bytes) -> Sites:
    return find_sites(Elf(content))


def code_of(parts: list[bytes]) -> tuple[bytes, Sites]:
    """The parts side by side, and the sites that are planted there."""
    code, cpuid, xgetbv = b"", [], []
    for part in parts:
        if part == PLANTED[0]:
            cpuid.append(ADDRESS + len(code) + len(part) - len(CPUID))
        if part == PLANTED[1]:
            xgetbv.append(ADDRESS + len(code) + len(part) - len(XGETBV))
        code += part
    return code, Sites(tuple(cpuid), tuple(xgetbv), (), 0)


def filler(seed: int, count: int = 200) -> list[bytes]:
    return random.Random(seed).choices(ORDINARY, k=count)


PARTS = st.lists(st.sampled_from(ORDINARY + HIDING + PLANTED), min_size=1, max_size=200)


@settings(deadline=None)
@given(PARTS)
def test_in_a_function_that_the_tables_name_what_is_planted_is_found(parts: list[bytes]) -> None:
    code, planted = code_of([*parts, RETURN])
    sites = found(shared_object(code, ((0, len(code)),)))
    assert sites._replace(candidates=0) == planted


@settings(deadline=None)
@given(PARTS)
def test_by_vote_nothing_is_taken_for_a_site_and_nothing_dropped(parts: list[bytes]) -> None:
    """Undecided candidates may be either; they are never silently one of both."""
    code, planted = code_of([*filler(1), *parts, *filler(2), RETURN])
    sites = found(shared_object(code))
    assert set(sites.cpuid) <= set(planted.cpuid)
    assert set(sites.xgetbv) <= set(planted.xgetbv)
    assert {*sites.cpuid, *sites.xgetbv, *sites.undecided} >= {*planted.cpuid, *planted.xgetbv}


@pytest.mark.parametrize("planted", PLANTED, ids=["cpuid", "xgetbv"])
@pytest.mark.parametrize("tables", [True, False])
def test_one_among_ordinary_instructions_is_decided(planted: bytes, tables: bool) -> None:
    for seed in range(100):
        code, expected = code_of([*filler(seed), planted, *filler(-seed), RETURN])
        content = shared_object(code, ((0, len(code)),) if tables else ())
        assert found(content) == expected._replace(candidates=1)


@pytest.mark.parametrize("hiding", HIDING, ids=bytes.hex)
@pytest.mark.parametrize("tables", [True, False])
def test_the_bytes_within_another_instruction_are_no_site(hiding: bytes, tables: bool) -> None:
    for seed in range(100):
        code, _ = code_of([*filler(seed), hiding, *filler(-seed), RETURN])
        sites = found(shared_object(code, ((0, len(code)),) if tables else ()))
        assert sites.candidates >= 1
        assert (sites.cpuid, sites.xgetbv, sites.undecided) == ((), (), ())


def test_data_is_told_from_code_by_sections() -> None:
    code, planted = code_of([*filler(1), PLANTED[0], RETURN])
    table = b"".join((each * 0x10 + 0xA20F).to_bytes(8, "little") for each in range(64))
    sites = found(shared_object(code + table, data_from=len(code)))
    assert sites == planted._replace(candidates=sites.candidates)
    assert sites.candidates > 1


def test_a_table_of_small_numbers_in_a_stripped_file_has_no_site() -> None:
    code, planted = code_of([*filler(1), PLANTED[0], RETURN])
    table = b"".join(each.to_bytes(8, "little") for each in (11, 0xE269, 0xA20F, 0x2DFC7, 1)) * 20
    sites = found(shared_object(code + table))
    assert sites.cpuid == planted.cpuid


def test_random_constants_in_a_stripped_file_hardly_ever_look_like_a_site() -> None:
    wrong = 0
    for seed in range(300):
        data = random.Random(seed)
        constants = [data.randbytes(300), CPUID, data.randbytes(300)]
        sites = found(shared_object(b"".join(constants)))
        assert sites.candidates >= 1
        wrong += len(sites.cpuid)
    assert wrong <= 3


def test_the_vote_agrees_with_the_unwinding_tables() -> None:
    for seed in range(50):
        parts = [*filler(seed), PLANTED[0], *filler(-seed), random.Random(seed).choice(HIDING)]
        code, _ = code_of([*parts, *filler(seed + 1), RETURN])
        elf = Elf(shared_object(code, ((0, len(code)),)))
        assert find_sites(elf, tables=False) == find_sites(elf)


def test_code_right_after_constants_is_found() -> None:
    """As in OpenSSL's assembly: the function begins where a table ends, and no table names it."""
    start = b"\x49\x89\xd8\x31\xc0" + CPUID + b"\x81\xfb\x43\x65\x6e\x74\x4c\x89\xc3\xc3"
    assert found(shared_object(b"\x06" * 300 + start)).cpuid == (ADDRESS + 305,)


def test_data_among_the_instructions_of_a_function_does_not_hide_a_site() -> None:
    head, tail = b"\xeb\x10" + b"\x06" * 16, [*filler(3), PLANTED[0], *filler(4), RETURN]
    code, planted = code_of([head, *tail])
    sites = found(shared_object(code, ((0, len(code)),)))
    assert sites.cpuid == planted.cpuid


def test_what_no_function_covers_is_voted_on() -> None:
    code, planted = code_of([*filler(5), RETURN, *filler(6), PLANTED[0], *filler(7)])
    assert found(shared_object(code, ((0, 40),))).cpuid == planted.cpuid


def test_a_site_with_a_prefix_is_undecided() -> None:
    code = b"\x90\x48" + CPUID + RETURN
    sites = found(shared_object(code, ((0, len(code)),)))
    assert (sites.cpuid, sites.undecided) == ((), (ADDRESS + 2,))


def test_the_candidate_at_the_very_end_of_a_segment() -> None:
    code, planted = code_of([*filler(8), PLANTED[0]])
    assert found(shared_object(code, ((0, len(code)),))).cpuid == planted.cpuid
    assert found(shared_object(code + b"\x0f")).cpuid == planted.cpuid


def test_a_compiled_object_stripped_or_not(tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler: the objects made byte by byte are tested above")
    source, path = tmp_path / "asks.c", tmp_path / "asks.so"
    source.write_text(ASKS)
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", path, source], check=True)
    before = found(path.read_bytes())
    assert len(before.cpuid) == len(before.xgetbv) == 1
    assert before.undecided == ()
    assert before.candidates >= 4
    content = bytearray(path.read_bytes())
    content[40:48] = bytes(8)  # no sections
    assert found(bytes(content)) == before


ASKS = """
unsigned ask(unsigned leaf, unsigned *b) {
    unsigned a = leaf, c = 0, d;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(*b), "+c"(c), "=d"(d));
    return a ^ d;
}
unsigned mask(void) {
    unsigned a, d;
    __asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
    return a;
}
unsigned number(unsigned x) { return x * 0xa20fu + 0x00d0010fu; }
"""
