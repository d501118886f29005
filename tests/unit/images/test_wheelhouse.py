from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.images.wheelhouse import keep


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
