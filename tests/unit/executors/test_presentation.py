from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from orchestrator.errors import EnvironmentNotReady
from orchestrator.executors import presentation
from orchestrator.executors.presentation import PresentationFiles, presentation_files
from orchestrator.system.paths import cache_folder


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return cache_folder() / "presentation"


def test_what_cannot_be_made_says_why_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a compiler on PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EnvironmentNotReady, match="no CPU can be presented") as error:
        presentation_files()
    assert "--isolation docker" in str(error.value)


def test_an_interpreter_that_fails_is_an_error_with_what_it_said(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho no module >&2\nexit 3\n")
    python.chmod(0o755)
    with pytest.raises(EnvironmentNotReady, match="no module"):
        presentation._sites(python, tmp_path)


def test_a_run_with_many_cells_looks_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[Path | None] = []
    monkeypatch.setattr(presentation, "_library", lambda folder: folder / "libpresent.so")
    monkeypatch.setattr(
        presentation, "_sites", lambda python, folder: looked.append(python) or folder / "sites.tsv"
    )
    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(lambda _: presentation_files(), range(8)))
    assert len(found) == 1
    assert looked == [None]
    presentation_files(tmp_path / "python")
    assert looked == [None, tmp_path / "python"]


def test_what_is_missing_is_looked_for_once_and_said_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked: list[Path] = []

    def missing(folder: Path) -> Path:
        looked.append(folder)
        raise EnvironmentNotReady("no compiler")

    monkeypatch.setattr(presentation, "_library", missing)
    for _ in range(2):
        with pytest.raises(EnvironmentNotReady, match="no compiler"):
            presentation_files()
    assert len(looked) == 1


@pytest.mark.slow
def test_the_files_of_this_interpreter(cache: Path) -> None:
    """Minutes the first time: it decodes what this computer has."""
    files = presentation_files()
    assert files == PresentationFiles(files.library, files.sites)
    assert files.library.read_bytes().startswith(b"\x7fELF")
    assert {files.library.parent, files.sites.parent} == {cache}
    lines = files.sites.read_text(errors="surrogateescape").splitlines()
    assert lines[0] == "# eqc sites 1"
    listed = {line.split("\t")[0]: line.split("\t")[2] for line in lines[1:] if line[0] != "#"}
    (openblas,) = (path for path in listed if "numpy.libs/libscipy_openblas" in path)
    assert listed[openblas].count(",") > 10
    before = files.sites.stat()
    presentation._files.cache_clear()
    assert presentation_files() == files
    assert files.sites.stat().st_ino == before.st_ino
