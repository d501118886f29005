"""The library in programs that do what frameworks do, by both methods."""

from __future__ import annotations

import shutil
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest
from presented_programs import SOURCES, leaves

if TYPE_CHECKING:
    from presented_programs import Programs

VENDOR = "NobodysMaker"


def registers(line: str) -> tuple[int, ...]:
    return tuple(int(word, 16) for word in line.split())


@pytest.mark.parametrize("program", ["program", "program-no-plt"])
def test_constructors_already_see_the_presented_cpu(programs: Programs, program: str) -> None:
    assert programs.run("early", program=program) == [VENDOR]
    assert programs.reports() == []


def test_leaves_answer_as_a_processor_does(programs: Programs) -> None:
    lines = programs.run(
        *("answers", "0.0", "0.5", "7.0", "7.1", "4.0", "4.1", "80000001.0", "80000001.9", "1.0")
    )
    zero, same, seven, absent, cache, no_cache, extended, extended_same, one = map(registers, lines)
    assert zero == same  # a leaf without subleaves ignores ECX
    assert (seven, absent) == ((0, 0x28, 0, 0), (0, 0, 0, 0))
    assert (cache, no_cache) == ((0x121, 0x01C0003F, 0x3F, 1), (0, 0, 0, 0))
    assert extended == extended_same == (0x11, 0x22, 0x33, 0x44)
    assert one[0] == 0x306C3
    assert one[1] & 0xFFFFFF == 0x10800


@pytest.mark.parametrize("vendor", ["NobodysMaker", "GenuineIntel", "AuthenticAMD", "HygonGenuine"])
def test_beyond_the_last_leaf(programs: Programs, vendor: str) -> None:
    table = leaves(vendor)
    lines = programs.run("answers", "d.0", "e.0", "80000002.0", "40000000.0", table=table)
    last, *beyond = map(registers, lines)
    wanted = (0, 0, 0, 0) if vendor in ("AuthenticAMD", "HygonGenuine") else last
    assert beyond == [wanted] * 3


def test_a_core_has_one_number_in_all_leaves(programs: Programs) -> None:
    table = leaves(lb_0=(0, 1, 0x100, 99), lb_1=(0, 2, 0x201, 99))
    lines = programs.run("answers", "b.0", "b.1", "b.2", table=table)
    first, second, third = map(registers, lines)
    assert (first[:3], second[:3], third[:3]) == ((0, 1, 0x100), (0, 2, 0x201), (0, 0, 2))
    assert 99 not in (first[3], second[3], third[3])


def test_xgetbv_and_cpuid_agree(programs: Programs) -> None:
    assert programs.run("xgetbv", xcr0=3) == ["3"]
    assert programs.run("xgetbv", xcr0=0x123) == ["123"]


def test_without_osxsave_xgetbv_is_no_instruction(programs: Programs) -> None:
    table = leaves(l1_0=(0x306C3, 0, 1, 0))
    assert programs.run("xgetbv", table=table, code=-signal.SIGILL) == []


@pytest.mark.parametrize("program", ["program", "program-no-plt"])
def test_handlers_of_the_program_work_and_cpuid_goes_on(programs: Programs, program: str) -> None:
    lines = programs.run("handlers", program=program)
    assert lines == [f"11 {VENDOR} 1 1 1 1", f"11 {VENDOR} 1 1 1 1", "-1 1"]


@pytest.mark.parametrize("number", [signal.SIGILL, signal.SIGSEGV])
def test_faults_without_a_handler_end_the_program_by_their_signal(
    programs: Programs, number: int
) -> None:
    programs.run("die", str(int(number)), code=-number)
    programs.run("sent", str(int(number)), code=-number)


def test_an_ignored_signal_that_is_sent_stays_ignored(programs: Programs) -> None:
    assert programs.run("ignored") == [VENDOR]


@pytest.mark.parametrize("program", ["program", "program-no-plt"])
def test_cpuid_where_all_signals_are_blocked(programs: Programs, program: str) -> None:
    assert programs.run("masks", program=program) == [VENDOR, VENDOR, "11", VENDOR]


def test_threads(programs: Programs) -> None:
    assert programs.run("threads", VENDOR) == ["0"]


def test_forked_and_executed_children(programs: Programs) -> None:
    forked, executed = programs.run("children")
    assert forked == f"{VENDOR} 3"
    assert registers(executed)[0] == 0xD


def test_started_programs(programs: Programs) -> None:
    program = str(programs.folder / "program")
    assert programs.run("start", program, "early") == [VENDOR, VENDOR]
    assert programs.reports() == []


def test_a_static_program_sees_the_host(programs: Programs) -> None:
    """It has no loader: that it is not followed is said in docs/adr/0019."""
    static = programs.folder / "static"
    source = SOURCES / "program.c"
    compiler = shutil.which("cc") or shutil.which("gcc") or "clang"
    made = subprocess.run(
        [compiler, "-static", "-o", str(static), str(source)], capture_output=True
    )
    if made.returncode:
        pytest.skip("no static C library here")
    host, here = programs.run("start", str(static), "early")
    assert here == VENDOR
    assert host not in ("", VENDOR)


def test_loaded_objects_and_other_namespaces(programs: Programs) -> None:
    lines = programs.run("plugin", str(programs.folder / "plugin.so"))
    assert lines == ["00000028 1"] * 4
    assert programs.reports() == []


def test_an_object_that_is_not_listed_is_reported(programs: Programs) -> None:
    programs.run("plugin", str(programs.folder / "plugin.so"), listed=("program",))
    # With faulting its CPUID is answered all the same, and it has no XGETBV.
    wanted = [["not listed", str(programs.folder / "plugin.so")]] * 4
    assert programs.reports() == (wanted if programs.method == "patching" else [])


def test_an_object_that_changed_is_reported(programs: Programs) -> None:
    plugin = programs.folder / "plugin.so"
    sites = programs.sites(programs.folder / "program", plugin)
    programs.run("early")
    plugin.write_bytes(plugin.read_bytes() + b"\0")
    programs.sites = lambda *_: sites  # type: ignore[method-assign]
    programs.run("plugin", str(plugin))
    assert programs.reports() == [["changed since it was listed", str(plugin)]] * 4


def test_sites_that_hold_no_cpuid_are_reported_and_left_alone(programs: Programs) -> None:
    plugin = programs.folder / "plugin.so"
    sites = programs.sites(programs.folder / "program")
    text = sites.read_text() + f"{plugin}\t{plugin.stat().st_size}\t\t1000\n"
    sites.write_text(text)
    programs.sites = lambda *_: sites  # type: ignore[method-assign]
    programs.run("plugin", str(plugin))
    assert programs.reports() == [["differs from what was listed", str(plugin)]] * 4


def test_an_object_with_undecided_bytes_is_reported_where_they_count(programs: Programs) -> None:
    plugin = programs.folder / "plugin.so"
    sites = programs.sites(programs.folder / "program", plugin)
    path, _, cpuids, _ = sites.read_text().splitlines()[2].split("\t")
    first, *others = cpuids.split(",")
    assert path == str(plugin)
    text = sites.read_text().replace(f"\t{cpuids}\t", f"\t{','.join(others)}\t")
    sites.write_text(f"{text}# undecided\t/other\t1\n# undecided\t{plugin}\t{first}\n")
    programs.sites = lambda *_: sites  # type: ignore[method-assign]
    programs.run("plugin", str(plugin))
    wanted = [["not decided what is CPUID in it", str(plugin)]] * 4
    assert programs.reports() == (wanted if programs.method == "patching" else [])


def test_nothing_is_writable_and_executable_and_no_file_changes(programs: Programs) -> None:
    before = {path: path.read_bytes() for path in programs.folder.iterdir() if path.is_file()}
    maps = [line.split() for line in programs.run("maps")]
    assert not [line for line in maps if "w" in line[1] and "x" in line[1]]
    code = [line for line in maps if line[-1].endswith("/program") and "x" in line[1]]
    assert code
    assert {line[1] for line in code} == {"r-xp"}
    for path, content in before.items():
        assert path.read_bytes() == content, path


def test_without_a_valid_table_or_list_the_program_is_left_alone_and_it_is_reported(
    programs: Programs,
) -> None:
    empty = programs.folder / "empty.tsv"
    empty.write_text("")
    programs.sites = lambda *_: empty  # type: ignore[method-assign]
    assert programs.run("early") != [VENDOR]
    assert programs.reports() == [["no valid list of sites", str(empty)]]
