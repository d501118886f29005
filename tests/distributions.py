"""Throw-away distributions that register entry points, and ``eqc`` as a process that sees them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

Points = Mapping[str, Mapping[str, str]]
"""By group: entry points, name to ``module:object``."""


def installed(folder: Path, name: str, points: Points, **modules: str) -> Path:
    """``folder`` with ``modules`` and the metadata that pip leaves of ``name`` 1.0."""
    metadata = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = []
    for group, named in points.items():
        lines += [f"[{group}]", *(f"{key} = {value}" for key, value in named.items())]
    (metadata / "entry_points.txt").write_text("\n".join(lines) + "\n")
    for module, text in modules.items():
        (folder / f"{module}.py").write_text(text)
    return folder


def python(folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """Python in ``folder``, where what is installed there is importable."""
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    return subprocess.run(
        [sys.executable, *map(str, words)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=120,
    )


def eqc(folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """``eqc`` in ``folder``."""
    return python(folder, "-m", "orchestrator.cli.main", *words)
