"""Programs that are run to their end: pip, uv, debootstrap."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from orchestrator.errors import EnvironmentNotReady
from orchestrator.system.environment import without_credentials

LAST_LINES = 8


def completed(argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a command without our credentials; its status is not looked at."""
    return subprocess.run(
        argv, capture_output=True, text=True, check=False, env=without_credentials()
    )


def checked(argv: Sequence[str], what: str) -> None:
    """Run a command. Raises ``EnvironmentNotReady`` with the end of its stderr if it fails."""
    done = completed(argv)
    if done.returncode:
        raise EnvironmentNotReady(
            f"{what} failed (exit code {done.returncode}):\n{last_lines(done.stderr)}"
        )


def last_lines(text: str) -> str:
    """The end of what a program said; of pip's warnings only where it said nothing else."""
    lines = text.splitlines()
    said = [line for line in lines if not line.startswith("WARNING: ")] or lines
    return "\n".join(said[-LAST_LINES:])
