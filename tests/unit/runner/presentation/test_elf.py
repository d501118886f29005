from __future__ import annotations

import platform
import sys
from pathlib import Path

import pytest
from elf_maker import ADDRESS, shared_object
from hypothesis import given, settings
from hypothesis import strategies as st

from eqc_runner.presentation.elf import Elf, NotScanned

CODE = b"\x90" * 64
WHOLE = shared_object(CODE, ((0, 16), (32, 16)), build_id=b"\xab" * 20, data_from=48)


def test_what_the_loader_needs_is_read() -> None:
    elf = Elf(WHOLE)
    (code,) = (each for each in elf.segments if each.executable)
    assert (code.offset, code.address, code.size) == (ADDRESS, ADDRESS, len(CODE))
    assert elf.build_id == "ab" * 20
    assert elf.offset(ADDRESS + 5) == ADDRESS + 5
    assert elf.offset(ADDRESS + len(CODE)) is None


@pytest.mark.parametrize(
    ("at", "function"),
    [(-1, None), (0, (0, 16)), (15, (0, 16)), (16, None), (31, None), (47, (32, 48)), (48, None)],
)
def test_functions_are_those_of_the_unwinding_tables(
    at: int, function: tuple[int, int] | None
) -> None:
    found = Elf(WHOLE).function(ADDRESS + at)
    assert found == (function and (ADDRESS + function[0], ADDRESS + function[1]))


def test_sections_tell_code_from_data_where_there_are_any() -> None:
    assert Elf(WHOLE).is_code(ADDRESS + 47)
    assert not Elf(WHOLE).is_code(ADDRESS + 48)
    assert Elf(shared_object(CODE)).is_code(ADDRESS + 48)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no ELF file"),
        (b"#!/bin/sh\n", "no ELF file"),
        (b"\x7fELF", "damaged"),
        (b"\x7fELF\1" + bytes(60), "32-bit"),
        (b"\x7fELF\2\2" + bytes(60), "damaged"),
        (shared_object(CODE, machine=183), "another architecture (ELF machine 183)"),
        (shared_object(CODE, kind=1), "neither program nor shared object (ELF type 1)"),
        (WHOLE[:100], "program headers are not in the file"),
    ],
)
def test_what_is_not_searched_says_why(content: bytes, reason: str) -> None:
    with pytest.raises(NotScanned) as error:
        Elf(content)
    assert reason in str(error.value)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 0x1FF), st.integers(0, 255)), max_size=8),
    st.integers(0, len(WHOLE)),
)
def test_damage_is_a_note_or_is_survived(changes: list[tuple[int, int]], size: int) -> None:
    content = bytearray(WHOLE)
    for at, value in changes:
        content[at] = value
    try:
        elf = Elf(bytes(content[:size]))
    except NotScanned:
        return
    for address in (0, ADDRESS, ADDRESS + 20, 1 << 63):
        elf.function(address)
        elf.is_code(address)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="it is of another architecture")
def test_this_interpreter_is_read() -> None:
    content = Path(sys.executable).resolve().read_bytes()
    assert any(each.executable for each in Elf(content).segments)
