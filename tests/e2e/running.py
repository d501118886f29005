"""Runs ``eqc`` as a user does, as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from orchestrator.store.read import read

SMALL = """\
schema: 1
name: small
workloads:
  - model: builtin:cifar10-small
    on: [numpy]
inputs:
  - random: {shape: [1, 32, 32, 3], seed: 1, distribution: uniform}
platforms:
  - provider: local
  - provider: mask
    levels: [sse4, avx]
vary:
  threads: [1, 2]
observe: {sessions: 2, layers: true}
"""


def environment() -> dict[str, str]:
    return {**os.environ, "COLUMNS": "200"}


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "orchestrator.cli.main", *map(str, words)]


def eqc(*words: object, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*words),
        cwd=cwd,
        env={**environment(), **variables},
        capture_output=True,
        text=True,
        timeout=600,
    )


def written(folder: Path, text: str, name: str = "experiment.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def facts(store: Path) -> list[tuple[Any, ...]]:
    """The content of a store's observations, without times and the run's name, sorted."""
    return sorted(
        (
            record.cell,
            record.session,
            record.status,
            record.platform.name,
            record.variant.label,
            tuple((o.role, o.name, o.digest, o.tensor) for o in record.outputs),
        )
        for record in read(store).records
    )
