"""Checks that the files of a cell exist and have the SHA-256 that the job states.

The supervisor does this, once per file and before it starts a worker. It runs natively, so large
files are not hashed under emulation.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, Iterable, Iterator, Mapping

from eqc_runner.failures import Reason

if TYPE_CHECKING:
    from pathlib import Path

_SHA256 = re.compile(r"[0-9a-f]{64}")


class Files:
    """The files of a job folder, each hashed once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, str] = {}

    def problem(self, cell: Mapping[str, Any]) -> Reason | None:
        """What is wrong with the first bad file of ``cell``, a record of ``job.json``.

        ``None`` if all are right. Raises ``OSError`` for a file that cannot be read.
        """
        for what, name, expected in _files(cell):
            path = self._folder / name
            if not path.exists():
                return Reason("failed", "input-missing", f"{what} {name} is not in the job folder")
            if expected is None:
                continue
            found = self._sha256(name)
            if what == "model" and path.is_file():
                found = self._of_all(found, cell["workload"])
            if found != expected:
                text = f"{what} {name} has sha256 {found}; expected {expected}"
                return Reason("failed", "wrong-sha256", text)
        return None

    def _sha256(self, name: str) -> str:
        """That of a file; of a folder's sorted lines ``<sha256>  <path in it>``."""
        found = self._known.get(name)
        if found is None:
            path = self._folder / name
            found = self._known[name] = self._of_folder(path) if path.is_dir() else _of_file(path)
        return found

    def _of_folder(self, folder: Path) -> str:
        inside = (path for path in folder.rglob("*") if path.is_file())
        names = sorted(path.relative_to(folder).as_posix() for path in inside)
        return _of_lines(f"{_of_file(folder / name)}  {name}\n" for name in names)

    def _of_all(self, model: str, workload: Mapping[str, Any]) -> str:
        """The model's own where it is alone; else of lines, its own with an empty name first."""
        companions: Mapping[str, str] = workload.get("companions") or {}
        if not companions:
            return model
        # That each of them is the stated one was checked before.
        lines = sorted(companions.items(), key=lambda item: item[0])
        return _of_lines([f"{model}  \n", *(f"{sha256}  {name}\n" for name, sha256 in lines)])


def _of_file(path: Path) -> str:
    state = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            state.update(block)
    return state.hexdigest()


def _of_lines(lines: Iterable[str]) -> str:
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _files(cell: Mapping[str, Any]) -> Iterator[tuple[str, str, str | None]]:
    """(kind, path, expected SHA-256 or ``None``) of every file that a cell names."""
    workload = cell["workload"]
    if workload.get("path"):
        folder = workload["path"].rpartition("/")[0]
        for name, sha256 in (workload.get("companions") or {}).items():
            yield "model's file", f"{folder}/{name}" if folder else name, sha256
        yield "model", workload["path"], workload.get("sha256")
    if workload.get("weights_path"):
        kind, _, expected = (workload.get("weights") or "").partition(":")
        yield "weights", workload["weights_path"], expected if kind == "sha256" else None
    for path in cell["input"]["tensors"].values():
        stem = path.rsplit("/", 1)[-1].partition(".")[0]
        yield "input", path, stem if _SHA256.fullmatch(stem) else None
