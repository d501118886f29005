"""The ELF files below some folders. Asked again, it lists only the folders that have changed.

What was found is kept as JSON (``remembered``, ``memory``). A folder that is as old as then has the
same names in it; each ELF file is asked for its size and time. What this does not notice is a file
that was no ELF file and was made one in place.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any, Iterable, Iterator, Mapping, NamedTuple

from eqc_runner.presentation.elf import MAGIC

_NEVER = frozenset(
    (
        *(".py", ".pyc", ".pyi", ".pyx", ".pxd", ".typed", ".js", ".css", ".html", ".md", ".rst"),
        *(".h", ".hh", ".hpp", ".inc", ".c", ".cc", ".cpp", ".cu", ".cuh", ".a", ".pb", ".proto"),
        *(".json", ".yaml", ".toml", ".txt", ".csv", ".gz", ".xz", ".zip", ".svg", ".png", ".npy"),
        *(".npz", ".onnx"),
    )
)
"""Suffixes of files that are not opened, which are most of all."""
_NO_FILES = ("/dev", "/proc", "/run", "/sys")
"""What a computer shows of itself as files."""
_SETTLED_SECONDS = 2
"""A folder that changed later than this before it was listed may change again at the same time."""


class ElfFile(NamedTuple):
    """A file that begins as ELF files do."""

    path: str
    """Its real path."""
    size: int
    """In bytes."""
    stamp: str
    """Of its content: another one where it was changed or replaced."""


class ElfFiles:
    """Finds them. ``remembered`` is an earlier one's ``memory``."""

    def __init__(self, remembered: Mapping[str, Any] | None = None) -> None:
        self._known: Mapping[str, Any] = remembered or {}
        self.memory: dict[str, Any] = {}

    def below(self, roots: Iterable[str]) -> list[ElfFile]:
        """Those in and below ``roots``, folders or files, each real file once, by path.

        Links to files are followed, also out of the roots; links to folders are not, but for roots.
        """
        found = {}
        for root in roots:
            real = os.path.realpath(root)
            paths = self._walk(real) if Path(real).is_dir() else [real]
            for path in paths:
                if path not in found:
                    found[path] = _elf_file(path)
        return [found[path] for path in sorted(found) if found[path] is not None]

    def _walk(self, folder: str) -> Iterator[str]:
        waiting = [folder]
        while waiting:
            folder = waiting.pop()
            if folder in self.memory:
                continue
            listed = self._listed(folder)
            self.memory[folder] = listed
            within = folder.rstrip("/") + "/"
            for name in listed["files"]:
                yield within + name
            for name in listed["links"]:
                yield os.path.realpath(within + name)
            waiting.extend([within + name for name in listed["folders"]])

    def _listed(self, folder: str) -> Mapping[str, Any]:
        """What is in a folder, as remembered if it has not changed since."""
        known = self._known.get(folder)
        try:
            changed = os.stat(folder).st_mtime_ns  # noqa: PTH116
            if known is not None and known["changed"] == changed:
                return known  # type: ignore[no-any-return]
            with os.scandir(folder) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            return {"changed": 0, "files": [], "links": [], "folders": []}
        settled = time.time_ns() - changed > _SETTLED_SECONDS * 10**9
        files = [entry for entry in listed if _may_be_elf(entry)]
        return {
            "changed": changed if settled else 0,
            "files": [entry.name for entry in files if not entry.is_symlink()],
            "links": [entry.name for entry in files if entry.is_symlink()],
            "folders": [entry.name for entry in listed if _is_searched(entry)],
        }


def _is_searched(entry: os.DirEntry[str]) -> bool:
    named = entry.name != "__pycache__" and entry.path not in _NO_FILES
    return named and entry.is_dir(follow_symlinks=False)


def _may_be_elf(entry: os.DirEntry[str]) -> bool:
    if os.path.splitext(entry.name)[1] in _NEVER:  # noqa: PTH122
        return False
    try:
        return entry.is_file() and _begins_as_elf(entry.path)
    except OSError:
        return False


def _begins_as_elf(path: str) -> bool:
    with open(path, "rb") as file:  # noqa: PTH123
        return file.read(len(MAGIC)) == MAGIC


def _elf_file(path: str) -> ElfFile | None:
    try:
        told = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return ElfFile(path, told.st_size, f"{told.st_size}-{told.st_mtime_ns}-{told.st_ino}")
