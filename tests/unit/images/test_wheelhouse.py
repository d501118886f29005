from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.images.wheelhouse import keep, scanner_lock


def made(folder: Path, content: str) -> Path:
    folder.mkdir()
    (folder / "numpy.whl").write_text(content)
    return folder


def test_wheels_that_another_process_put_there_first_stay(tmp_path: Path) -> None:
    house = made(tmp_path / "house", "first")
    keep(made(tmp_path / "new", "second"), house)
    assert (house / "numpy.whl").read_text() == "first"


def test_no_other_failure_is_hidden(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        keep(tmp_path / "none", tmp_path / "house")
    keep(made(tmp_path / "new", "only"), tmp_path / "house")
    assert (tmp_path / "house" / "numpy.whl").read_text() == "only"


def test_what_finds_instructions_is_fetched_for_x86_alone_in_the_locks_version() -> None:
    found = scanner_lock("x86_64", "3.9")
    assert found.requirements == found.lock
    assert found.lock.startswith("iced-x86==")
    assert found.lock.count("\n") == 1
    assert found.name.startswith("scanner-x86_64-")
    assert scanner_lock("arm64", "3.11").requirements == ""
