"""Checks that the files of a cell exist and have the SHA-256 that the job states.

The supervisor does this, once per file and before it starts a worker. It runs natively, so large
files are not hashed under emulation.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, Iterator, Mapping

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
            # A folder (SavedModel) is not hashed.
            if expected is None or not path.is_file():
                continue
            found = self._sha256(name)
            if found != expected:
                text = f"{what} {name} has sha256 {found}; expected {expected}"
                return Reason("failed", "wrong-sha256", text)
        return None

    def _sha256(self, name: str) -> str:
        found = self._known.get(name)
        if found is None:
            state = hashlib.sha256()
            with (self._folder / name).open("rb") as file:
                for block in iter(lambda: file.read(1 << 20), b""):
                    state.update(block)
            found = self._known[name] = state.hexdigest()
        return found


def _files(cell: Mapping[str, Any]) -> Iterator[tuple[str, str, str | None]]:
    """(kind, path, expected SHA-256 or ``None``) of every file that a cell names."""
    workload = cell["workload"]
    if workload.get("path"):
        yield "model", workload["path"], workload.get("sha256")
    if workload.get("weights_path"):
        kind, _, expected = (workload.get("weights") or "").partition(":")
        yield "weights", workload["weights_path"], expected if kind == "sha256" else None
    for path in cell["input"]["tensors"].values():
        stem = path.rsplit("/", 1)[-1].partition(".")[0]
        yield "input", path, stem if _SHA256.fullmatch(stem) else None
