"""The library is made once for each content, or it is said what is missing."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from presented_programs import NO_X86

from eqc_runner.presentation import library as module
from eqc_runner.presentation.library import FLAGS, SOURCE, CannotMake, digest, library, make

pytestmark = pytest.mark.skipif(NO_X86, reason="CPUID is an instruction of x86-64")


@pytest.fixture
def compiler() -> None:
    if not any(map(shutil.which, ("cc", "gcc", "clang"))):
        pytest.skip("no C compiler here")


@pytest.mark.usefixtures("compiler")
def test_it_is_made_once_and_needs_nothing(tmp_path: Path) -> None:
    found = library(tmp_path / "cache")
    made = found.stat().st_mtime_ns
    assert found.name == f"{digest()}-libpresent.so"
    assert stat.S_IMODE(found.stat().st_mode) == 0o755
    assert library(tmp_path / "cache").stat().st_mtime_ns == made
    assert list((tmp_path / "cache").iterdir()) == [found]
    if shutil.which("readelf"):
        told = subprocess.run(
            ["readelf", "-d", str(found)], capture_output=True, check=True, text=True
        ).stdout
        assert "NEEDED" not in told
        assert "TEXTREL" not in told


def test_gcc_has_nothing_to_warn_of(tmp_path: Path) -> None:
    gcc = shutil.which("gcc")
    if gcc is None:
        pytest.skip("no gcc here: other compilers warn of other things")
    words = [*FLAGS, "-Wall", "-Wextra", "-Werror", "-o", str(tmp_path / "made"), str(SOURCE)]
    done = subprocess.run([gcc, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.usefixtures("compiler")
def test_as_a_program_with_no_package_around_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", module.__file__, str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).parent == tmp_path


def test_without_a_compiler_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CannotMake, match=r"install one.*--isolation docker"):
        library(tmp_path)
    done = subprocess.run(
        [sys.executable, module.__file__, str(tmp_path)],
        capture_output=True,
        text=True,
        env={"PATH": str(tmp_path)},
    )
    assert done.returncode == 1
    assert "no C compiler" in done.stderr


def test_a_compiler_that_fails_leaves_nothing_and_is_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "bin" / "cc"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho 'no headers here' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{broken.parent}{os.pathsep}{os.defpath}")
    with pytest.raises(CannotMake, match="no headers here"):
        library(tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_another_processor_has_no_cpuid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    with pytest.raises(CannotMake, match="this is aarch64"):
        make(tmp_path / "libpresent.so")
