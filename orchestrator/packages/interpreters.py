"""The Pythons of this computer that may run a runner: this one, on PATH, and pyenv's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

OLDEST, NEWEST = 8, 14
"""The minor versions of Python 3 that are looked for."""
SECONDS = 20
_TOLD = (
    "import json, sys, sysconfig; print(json.dumps([list(sys.version_info[:3]), "
    "sys.executable, sysconfig.get_platform()]))"
)


class Interpreter(NamedTuple):
    """A Python that answers."""

    version: str
    """``3.11.7``."""
    path: str
    platform: str
    """``linux-x86_64``."""

    @property
    def minor(self) -> str:
        """``3.11``, as a wheel's tag and an interpreter's name have it."""
        return ".".join(self.version.split(".")[:2])


def this_minor() -> str:
    """That of the interpreter that runs this program."""
    return f"3.{sys.version_info[1]}"


def minors() -> tuple[str, ...]:
    """Minor versions in the order of preference: this interpreter's, older ones, newer ones."""
    mine = sys.version_info[1]
    older, newer = range(min(mine - 1, NEWEST), OLDEST - 1, -1), range(mine + 1, NEWEST + 1)
    return tuple(f"3.{minor}" for minor in (mine, *older, *newer))


@cache
def interpreter(minor: str) -> Interpreter | None:
    """A Python ``3.9`` here; ``None``: none answers. One on PATH may be an empty shim."""
    if minor == this_minor():
        return _asked(sys.executable)
    return next((found for path in _places(minor) if (found := _asked(path)) is not None), None)


def _places(minor: str) -> Iterator[str]:
    for folder in os.get_exec_path():
        path = Path(folder, f"python{minor}")
        if path.is_file():
            yield str(path)
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for path in sorted(root.glob(f"versions/{minor}.*/bin/python{minor}"), reverse=True):
        yield str(path)


def _asked(path: str) -> Interpreter | None:
    try:
        done = subprocess.run(
            [path, "-I", "-c", _TOLD], capture_output=True, timeout=SECONDS, check=False
        )
        version, executable, platform = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return Interpreter(".".join(map(str, version)), executable, platform)
