"""What libraries print while a model runs, with marks of ours between its layers.

oneDNN and MKL write to the file descriptor 1 from C, where Python's ``redirect_stdout`` does not
reach; in a worker the runner's own lines go to another one (``worker.Report``).
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from pathlib import Path
from typing import Iterator, NamedTuple

ONEDNN = {"ONEDNN_VERBOSE": "1", "ONEDNN_VERBOSE_TIMESTAMP": "1"}
MKL = {"MKL_VERBOSE": "1"}
"""Read by the libraries when they first compute: set before a model is loaded."""
_MARK = "eqc-layer "
_libc = ctypes.CDLL(None)


class Mark(NamedTuple):
    """The layer that has just been computed; what was printed since the mark before is its own."""

    layer: str
    operation: str | None


class Line(NamedTuple):
    """A line that was printed, and the layer that was being computed; ``None``: not known."""

    text: str
    mark: Mark | None


class Trace:
    """The descriptor 1 of this process, written to a file of ``folder`` from now on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = folder / "stdout"
        sys.stdout.flush()
        descriptor = os.open(str(self._path), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(descriptor, 1)
        os.close(descriptor)

    def mark(self, layer: str, operation: str | None) -> None:
        """Say that ``layer`` has been computed."""
        _libc.fflush(None)
        os.write(1, f"{_MARK}{json.dumps([layer, operation])}\n".encode())

    def lines(self) -> list[Line]:
        """All that was printed so far."""
        sys.stdout.flush()
        _libc.fflush(None)
        return list(parsed(self._path.read_text("utf-8", "replace").splitlines()))


def parsed(texts: list[str]) -> Iterator[Line]:
    """The lines without the marks, each with the mark that follows it."""
    waiting: list[str] = []
    for text in texts:
        if not text.startswith(_MARK):
            waiting.append(text)
            continue
        mark = Mark(*json.loads(text[len(_MARK) :]))
        yield from (Line(each, mark) for each in waiting)
        waiting = []
    yield from (Line(each, None) for each in waiting)
