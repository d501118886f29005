from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from eqc_runner.presentation import elf_files
from eqc_runner.presentation.elf_files import ElfFiles

ELF = b"\x7fELF and more"


def put(path: Path, content: bytes = ELF) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def aged(folder: Path) -> None:
    """As if nothing had changed there for an hour."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            told = path.stat()
            os.utime(path, ns=(told.st_atime_ns, told.st_mtime_ns - 3600 * 10**9))


def found(root: Path, memory: dict[str, Any] | None = None) -> tuple[list[str], ElfFiles]:
    files = ElfFiles(memory)
    return [Path(each.path).name for each in files.below([str(root)])], files


def test_elf_files_are_known_by_content_not_by_name(tmp_path: Path) -> None:
    put(tmp_path / "a" / "libx.so.1")
    put(tmp_path / "program")
    put(tmp_path / "script", b"#!/bin/sh")
    put(tmp_path / "linker.so", b"/* GNU ld script */")
    put(tmp_path / "empty.so", b"")
    put(tmp_path / "a" / "__pycache__" / "cached.so")
    assert found(tmp_path)[0] == ["libx.so.1", "program"]


def test_links_give_the_real_file_once_also_outside(tmp_path: Path) -> None:
    real = put(tmp_path / "outside" / "libx.so.1.2")
    root = tmp_path / "root"
    root.mkdir()
    (root / "libx.so").symlink_to(real)
    (root / "libx.so.1").symlink_to(root / "libx.so")
    (root / "gone.so").symlink_to(tmp_path / "nowhere")
    (root / "round").symlink_to(root)
    (only,) = ElfFiles().below([str(root), str(real), str(root)])
    assert only.path == str(real.resolve())
    assert only.size == len(ELF)


def test_asked_again_nothing_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "a" / "b" / "libx.so")
    aged(tmp_path)
    names, first = found(tmp_path)
    monkeypatch.setattr(elf_files, "_begins_as_elf", pytest.fail)
    again, second = found(tmp_path, first.memory)
    assert again == names == ["libx.so"]
    assert second.memory == first.memory


def test_what_was_added_removed_or_replaced_is_noticed(tmp_path: Path) -> None:
    old = put(tmp_path / "a" / "old.so")
    put(tmp_path / "b" / "stays.so")
    aged(tmp_path)
    _, first = found(tmp_path)
    stamps = {each.path: each.stamp for each in ElfFiles(first.memory).below([str(tmp_path)])}
    old.unlink()
    put(tmp_path / "c" / "new.so")
    put(tmp_path / "b" / "stays.so", ELF + b"!")
    after = ElfFiles(first.memory).below([str(tmp_path)])
    assert [Path(each.path).name for each in after] == ["stays.so", "new.so"]
    assert after[0].stamp != stamps[after[0].path]


def test_a_folder_that_has_just_changed_is_listed_again(tmp_path: Path) -> None:
    """What is added at the same time of its clock would not be noticed else."""
    put(tmp_path / "a.so")
    _, first = found(tmp_path)
    told = tmp_path.stat()
    put(tmp_path / "b.so")
    os.utime(tmp_path, ns=(told.st_atime_ns, told.st_mtime_ns))
    assert found(tmp_path, first.memory)[0] == ["a.so", "b.so"]
