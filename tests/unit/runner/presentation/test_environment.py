"""The environment of a presented CPU: what glibc is told, and what is joined with a cell's own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from presented_programs import NO_X86, leaves

from eqc_runner.presentation.environment import Presentation, environment, joined
from eqc_runner.presentation.table import Presented, from_text

SMALL = Presented("small", leaves("GenuineIntel"), 3, "/lib/present.so", "/sites.tsv")
"""Has AVX2 of all that glibc asks for."""


def test_glibc_loses_what_the_presented_cpu_lacks_and_nothing_else() -> None:
    found = environment(SMALL, Path("/folder"), ["avx2", "fma", "avx512f", "sse2", "unheard-of"])
    assert found == {
        "LD_AUDIT": "/lib/present.so",
        "EQC_PRESENTED_LIBRARY": "/lib/present.so",
        "EQC_PRESENTED_TABLE": "/folder/table",
        "EQC_PRESENTED_SITES": "/sites.tsv",
        "EQC_PRESENTED_REPORT": "/folder/report",
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512F,-AVX512F_Usable,-FMA,-FMA_Usable",
    }


def test_a_cpu_that_lacks_nothing_leaves_glibc_alone() -> None:
    assert environment(SMALL, Path("/folder"), ["avx2"])["GLIBC_TUNABLES"] == ""
    with Presentation(SMALL) as presentation:
        presentation._host = {"flags": []}
        assert "GLIBC_TUNABLES" not in presentation.environment({})


def test_the_variables_of_the_cell_stay() -> None:
    cell = {"OMP_NUM_THREADS": "3", "GLIBC_TUNABLES": "glibc.malloc.arena_max=2"}
    with Presentation(SMALL) as presentation:
        presentation._host = {"flags": ["fma"]}
        found = presentation.environment(cell)
        assert found["OMP_NUM_THREADS"] == "3"
        assert found["GLIBC_TUNABLES"] == (
            "glibc.malloc.arena_max=2:glibc.cpu.hwcaps=-FMA,-FMA_Usable"
        )
        assert from_text(Path(found["EQC_PRESENTED_TABLE"]).read_text()) == (SMALL.leaves, 3)
        other = presentation.environment(cell)
        assert other["EQC_PRESENTED_REPORT"] != found["EQC_PRESENTED_REPORT"]
    assert not Path(found["EQC_PRESENTED_TABLE"]).exists()
    assert cell == {"OMP_NUM_THREADS": "3", "GLIBC_TUNABLES": "glibc.malloc.arena_max=2"}


def test_without_a_presented_cpu_nothing_is_added() -> None:
    with Presentation(None) as presentation:
        assert presentation.environment({"A": "b"}) == {"A": "b"}


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [
        ("", "", ""),
        ("", "glibc.cpu.hwcaps=-FMA", "glibc.cpu.hwcaps=-FMA"),
        ("glibc.cpu.hwcaps=-AVX2", "glibc.cpu.hwcaps=-FMA", "glibc.cpu.hwcaps=-AVX2,-FMA"),
        ("a.b.c=1:a.b.c=2", "a.b.c=3", "a.b.c=1"),
        ("nonsense:x=1", "y=2", "x=1:y=2"),
    ],
)
def test_tunables_are_joined(first: str, second: str, wanted: str) -> None:
    assert joined(first, second) == wanted


TUNABLES = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 9), max_size=5)


@given(TUNABLES, TUNABLES)
def test_no_tunable_is_lost_or_said_twice(first: dict[str, int], second: dict[str, int]) -> None:
    texts = [
        ":".join(f"{name}={value}" for name, value in each.items()) for each in (first, second)
    ]
    found = joined(*texts)
    pairs = [each.split("=") for each in found.split(":") if each]
    assert {name: int(value) for name, value in pairs} == {**second, **first}
    assert len(pairs) == len({name for name, _ in pairs})


@pytest.mark.skipif(NO_X86, reason="glibc has these names on x86-64 only")
def test_glibc_knows_the_names() -> None:
    """Of a name that it does not know glibc says nothing: so ask its loader what is left."""
    loader = Path("/lib64/ld-linux-x86-64.so.2")
    if not loader.exists():
        pytest.skip("this system's C library is not glibc")

    def active(tunables: str) -> str:
        done = subprocess.run(
            [str(loader), "--list-diagnostics"],
            env={"GLIBC_TUNABLES": tunables},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            pytest.skip("this glibc does not say what it takes the CPU for")
        return "\n".join(line for line in done.stdout.splitlines() if "cpu_features" in line)

    flags = ["avx", "avx2", "avx512f", "avx512vl", "bmi2", "fma", "sse4_1", "sse4_2", "ssse3"]
    none = Presented("none", {(0, 0): (1, 0, 0, 0), (1, 0): (0, 0, 0, 0)}, 3, "", "")
    told = environment(none, Path("/folder"), flags)["GLIBC_TUNABLES"]
    assert active(told) != active("")
    assert sys.platform == "linux"
