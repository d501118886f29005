from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from presented_programs import NO_X86, SOURCES, Programs, faults

from eqc_runner.presentation.library import library


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if NO_X86:
        pytest.skip("CPUID is an instruction of x86-64")
    if compiler is None:
        pytest.skip("no C compiler here")
    folder = tmp_path_factory.mktemp("compiled")
    library(folder)
    for name, flags, source in (
        ("program", (), "program.c"),
        ("program-no-plt", ("-fno-plt", "-no-pie"), "program.c"),
        ("plugin.so", ("-shared", "-fPIC"), "plugin.c"),
    ):
        words = [
            compiler,
            "-O1",
            *flags,
            "-o",
            str(folder / name),
            str(SOURCES / source),
            "-ldl",
            "-lpthread",
        ]
        subprocess.run(words, check=True)
    return folder


@pytest.fixture(params=["faulting", "patching"])
def programs(request: pytest.FixtureRequest, compiled: Path, tmp_path: Path) -> Programs:
    if request.param == "faulting" and not faults():
        pytest.skip("this CPU, or its hypervisor, has no CPUID faulting")
    for name in ("program", "program-no-plt", "plugin.so"):
        shutil.copy(compiled / name, tmp_path / name)
    return Programs(tmp_path, library(compiled), request.param)
