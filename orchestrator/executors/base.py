"""What every way of running the runner takes and gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Protocol

OnLine = Callable[[str], None]


@dataclass(frozen=True)
class RunnerExit:
    """How a runner ended. ``code`` is its exit status, negative for a signal."""

    code: int
    stderr: str
    """The last lines it wrote."""
    interrupted: bool = False


class Executor(Protocol):
    """Runs ``eqc_runner run JOB OUT`` somewhere and waits for its end."""

    def run(self, job: Path, out: Path, *, on_line: OnLine, stop: Event) -> RunnerExit:
        """Run the job; ``on_line`` gets each line of its stdout.

        When ``stop`` is set the runner and all it started are ended. Returns only when nothing
        of it is left, or raises ``MachinesLeft``.
        """
        ...


TAIL_LINES = 30
