"""A small program and a shared object, compiled here and run as another CPU."""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from jobs import ROOT

from eqc_runner.presentation.environment import environment
from eqc_runner.presentation.table import Presented, to_text

Leaves = dict[tuple[int, int], tuple[int, int, int, int]]
SOURCES = ROOT / "tests" / "data" / "presentation"
NO_X86 = platform.machine() not in ("x86_64", "AMD64") or sys.platform != "linux"
_ARCH_SET_CPUID, _SYS_ARCH_PRCTL = 0x1012, 158


def faults() -> bool:
    """Whether the kernel has CPUID fault on this CPU. Switches it on, which it is anyway."""
    return ctypes.CDLL(None).syscall(_SYS_ARCH_PRCTL, _ARCH_SET_CPUID, 1) == 0


def words(text: str) -> tuple[int, int, int]:
    """A vendor's name as EBX, ECX and EDX of leaf 0."""
    first, second, third = struct.unpack("<III", text.encode())
    return first, third, second


def leaves(vendor: str = "NobodysMaker", **changes: tuple[int, int, int, int]) -> Leaves:
    """A small CPU: no AVX, XSAVE on. ``changes``: ``l7_0=(…)`` is leaf 7, subleaf 0."""
    table = {
        (0, 0): (0xD, *words(vendor)),
        (1, 0): (0x306C3, 0x00010800, 1 << 27 | 1 << 26 | 1, 1 << 26 | 1 << 25),
        (4, 0): (0x121, 0x01C0003F, 0x3F, 1),
        (7, 0): (0, 1 << 5 | 1 << 3, 0, 0),
        (0xD, 0): (3, 0x240, 0x240, 0),
        (0x80000000, 0): (0x80000001, 0, 0, 0),
        (0x80000001, 0): (0x11, 0x22, 0x33, 0x44),
    }
    for name, values in changes.items():
        leaf, _, subleaf = name[1:].partition("_")
        table[int(leaf, 16), int(subleaf, 16)] = values
    return table


def sites_of(path: Path, *, hide: bool = False) -> str:
    """The line of a small object of ours: all bytes that look like the instructions are them."""
    content = path.read_bytes()
    table, size, count = (
        struct.unpack_from("<Q", content, 32)[0],
        *struct.unpack_from("<HH", content, 54),
    )
    found: tuple[list[str], list[str]] = ([], [])
    for index in range(count):
        kind, flags, offset, address, _, length = struct.unpack_from(
            "<IIQQQQ", content, table + index * size
        )
        if kind != 1 or not flags & 1 or hide:
            continue
        code = content[offset : offset + length]
        for place, instruction in ((found[0], b"\x0f\xa2"), (found[1], b"\x0f\x01\xd0")):
            at = code.find(instruction)
            while at >= 0:
                place.append(f"{address + at:x}")
                at = code.find(instruction, at + 1)
    return "\t".join(
        (os.path.realpath(path), str(len(content)), ",".join(found[0]), ",".join(found[1]))
    )


@dataclass
class Programs:
    """The test's program and shared object, and how to run them as another CPU."""

    folder: Path
    library: Path
    method: str

    @property
    def report(self) -> Path:
        return self.folder / "report"

    def sites(self, *listed: Path) -> Path:
        """All of ``listed``, and what the system brings, as if that had no sites."""
        path = self.folder / "sites.tsv"
        lines = ["# eqc sites 1", *map(sites_of, listed)]
        told = subprocess.run(
            ["ldd", str(self.folder / "program")], capture_output=True, check=True, text=True
        )
        system = [Path(word) for word in told.stdout.split() if word.startswith("/")]
        lines.extend(sites_of(path, hide=True) for path in system)
        path.write_text("\n".join(lines) + "\n")
        return path

    def run(
        self,
        *arguments: str,
        table: Leaves | None = None,
        xcr0: int = 3,
        program: str = "program",
        listed: tuple[str, ...] = ("program", "program-no-plt", "plugin.so"),
        code: int = 0,
    ) -> list[str]:
        """The lines that the program printed, presented as ``table``."""
        cpu = leaves() if table is None else table
        sites = self.sites(*(self.folder / name for name in listed))
        presented = Presented("test", cpu, xcr0, str(self.library), str(sites))
        (self.folder / "table").write_text(to_text(cpu, xcr0))
        variables = environment(presented, self.folder, ())
        variables["EQC_PRESENTED_METHOD"] = self.method
        done = subprocess.run(
            [str(self.folder / program), *arguments],
            env={"PATH": os.environ.get("PATH", ""), **variables},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        return done.stdout.splitlines()

    def reports(self) -> list[list[str]]:
        """What was reported: what is wrong, and the file."""
        if not self.report.exists():
            return []
        return [line.split("\t")[1:] for line in self.report.read_text().splitlines()]
