"""What presents this computer's CPU as another one to processes here: a library and an index.

Images hold both (images/Dockerfile). Here they are made by the runner's own programs, with this
interpreter, in the cache, and made again when what is installed has changed.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock

from orchestrator.errors import EnvironmentNotReady
from orchestrator.executors.process import environment
from orchestrator.system.paths import cache_folder, runner_path
from orchestrator.system.program import last_lines

_DOCKER = "or use --isolation docker, whose images hold what is needed"


@dataclass(frozen=True)
class PresentationFiles:
    """The files that a job names under ``presented`` (docs/formats.md, section 2)."""

    library: Path
    """The audit library that answers CPUID."""
    sites: Path
    """The index of the instructions of everything that the interpreter's processes may load."""


def presentation_files(python: Path | None = None) -> PresentationFiles:
    """The files for processes of ``python``; ``None``: of this interpreter.

    Looked for once in the life of this program: a run asks for each of its cells. Thread-safe.
    Raises ``EnvironmentNotReady`` with what is missing: a C compiler, or iced-x86.
    """
    with _LOCK:
        found = _files(cache_folder() / "presentation", python)
    if isinstance(found, str):
        raise EnvironmentNotReady(found)
    return found


_LOCK = Lock()


@cache
def _files(folder: Path, python: Path | None) -> PresentationFiles | str:
    """The files in ``folder``, or why there are none. What has not changed is not made again."""
    try:
        return PresentationFiles(_library(folder), _sites(python, folder))
    except EnvironmentNotReady as error:
        return str(error)


def _library(folder: Path) -> Path:
    program = runner_path() / "eqc_runner" / "presentation" / "library.py"
    said = _output([sys.executable, str(program), str(folder)], dict(os.environ))
    return Path(os.fsdecode(said.strip()))


def _sites(python: Path | None, folder: Path) -> Path:
    variables = environment(python)
    asked = [str(python or sys.executable), "-m", "eqc_runner.presentation.roots"]
    roots = [os.fsdecode(line) for line in _output(asked, variables).splitlines()]
    key = hashlib.sha256("\0".join(roots).encode(errors="surrogateescape")).hexdigest()[:16]
    sites = folder / f"sites-{key}.tsv"
    words = ["--out", str(sites), "--cache", str(folder), *roots]
    _output([sys.executable, "-m", "eqc_runner.presentation.scan", *words], environment())
    return sites


def _output(argv: Sequence[str], variables: Mapping[str, str]) -> bytes:
    # At the root, so that no module of the working folder hides one that is needed.
    done = subprocess.run(argv, capture_output=True, check=False, env=variables, cwd="/")
    if done.returncode:
        said = last_lines(done.stderr.decode(errors="replace"))
        raise EnvironmentNotReady(f"no CPU can be presented to processes here: {said}; {_DOCKER}")
    return done.stdout
