"""How the runner finds adapters: by folders, beside its own and where it is told to look."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from eqc_runner import adapters
from eqc_runner.failures import Failed, Unsupported

IMPORTS_ITS_NAMESAKE = """
import {name}

class Adapter:
    name = "{name}"
    framework = {name}
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(adapters.FOLDERS_VARIABLE, str(tmp_path))
    monkeypatch.setattr(sys, "path", list(sys.path))
    return tmp_path


def write(place: Path, name: str, content: Any) -> Path:
    folder = place / name
    folder.mkdir()
    (folder / "framework.json").write_text(json.dumps(content))
    return folder


def test_ours_are_beside_the_runner() -> None:
    assert adapters.get("numpy").name == "numpy"


def test_a_file_that_is_called_as_its_framework_does_not_hide_it(place: Path) -> None:
    folder = write(place, "colorsys", {"adapter": "colorsys:Adapter", "install": "python"})
    (folder / "colorsys.py").write_text(IMPORTS_ITS_NAMESAKE.format(name="colorsys"))
    found: Any = adapters.get("colorsys")
    assert Path(found.framework.__file__).parent != folder


def test_an_adapter_has_its_other_files(place: Path) -> None:
    folder = write(place, "two", {"adapter": "two_files:Adapter", "install": "two"})
    (folder / "second_of_two.py").write_text("")
    (folder / "two_files.py").write_text(IMPORTS_ITS_NAMESAKE.format(name="second_of_two"))
    found: Any = adapters.get("two")
    assert Path(found.framework.__file__).parent == folder


def test_a_framework_that_is_not_installed_says_what_to_install(place: Path) -> None:
    folder = write(place, "rare", {"adapter": "rare_adapter:Adapter", "install": "rare[cpu] numpy"})
    (folder / "rare_adapter.py").write_text("import a_framework_that_nobody_has")
    with pytest.raises(Unsupported, match=r"nobody_has.*pip install rare\[cpu\] numpy"):
        adapters.get("rare")


@pytest.mark.parametrize("content", [[], {"adapter": "x:Y"}])
def test_a_description_that_is_none_is_said_with_its_file(place: Path, content: Any) -> None:
    folder = write(place, "bad", content)
    with pytest.raises(Failed, match=f"{folder}/framework.json does not describe a framework"):
        adapters.get("bad")


def test_an_unknown_name_says_which_are_known(place: Path) -> None:
    write(place, "other", {})
    with pytest.raises(Unsupported, match=r"known are jax, numpy, .*other, tensorflow"):
        adapters.get("abacus")


def test_what_the_framework_needs_beside_itself_is_said_by_name(place: Path) -> None:
    folder = write(place, "rare", {"adapter": "rare_adapter:Adapter", "install": "rare"})
    (folder / "rare_adapter.py").write_text("import nobodys_package.inner")
    (folder / "requirements.txt").write_text("numpy\nNobodys.Package >= 2\nrare\n")
    with pytest.raises(Unsupported, match=r"pip install Nobodys\.Package$"):
        adapters.get("rare")
