"""The interface of every executor: a job's folder in, the runner's exit out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Protocol

OnLine = Callable[[str], None]
"""Receives one line of the runner's stdout, without its line end."""
TAIL_LINES = 30
"""Lines at the end of the runner's stderr that are kept."""


@dataclass(frozen=True)
class RunnerExit:
    """How a runner ended."""

    code: int
    """Its exit status; ``-n`` where signal ``n`` ended it."""
    stderr: str
    """The last lines it wrote to stderr."""
    interrupted: bool = False
    """Whether the caller asked it to stop."""


class Executor(Protocol):
    """Runs ``eqc_runner run JOB OUT`` somewhere and waits for its end."""

    def run(self, job: Path, out: Path, *, on_line: OnLine, stop: Event) -> RunnerExit:
        """Run the job in the folder ``job``; the runner writes its results to the folder ``out``.

        ``on_line`` receives each line of its stdout. When ``stop`` is set, the runner and all its
        processes are ended. Returns when none of them is left; raises ``MachinesLeft`` where that
        could not be confirmed.
        """
        ...
