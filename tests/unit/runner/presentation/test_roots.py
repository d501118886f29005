from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from eqc_runner.presentation import roots as module
from eqc_runner.presentation.roots import roots


def test_the_interpreter_and_its_packages_are_searched_and_the_library_of_others_is_not() -> None:
    found = roots()
    assert str(Path(sys.executable).resolve()) in found
    assert str(Path(sysconfig.get_path("platlib")).resolve()) in found
    assert str(Path(sysconfig.get_path("stdlib")).resolve()) not in found
    assert len(found) == len(set(found))


def test_the_folders_of_the_loader_are_those_that_it_is_configured_with(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
    (tmp_path / "ld.conf").write_text(f"# comment\ninclude more/*.conf\n{tmp_path}/one\n")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "x.conf").write_text(
        f"{tmp_path}/two # why\n{tmp_path}/absent\ninclude ../ld.conf\n"
    )
    found = roots(str(tmp_path / "ld.conf"))
    assert {str(tmp_path / "one"), str(tmp_path / "two")} <= set(found)
    assert not {str(tmp_path / "absent"), str(tmp_path / "three")} & set(found)


def test_what_the_environment_lets_the_loader_find_is_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path / "preloaded.so"
    library.write_bytes(b"\x7fELF")
    monkeypatch.setenv("LD_LIBRARY_PATH", f"{tmp_path}:")
    monkeypatch.setenv("LD_PRELOAD", f"/absent.so {library}")
    assert {str(tmp_path), str(library)} <= set(roots())


def test_it_is_a_program_that_leaves_the_working_folder_out(tmp_path: Path) -> None:
    runner = Path(module.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "eqc_runner.presentation.roots"],
        env={"PYTHONPATH": str(runner)},
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    found = done.stdout.splitlines()
    assert {str(Path(sys.executable).resolve()), str(runner)} <= set(found)
    assert str(tmp_path) not in found
