"""Folders: the program's own files (in a checkout or in the installed wheel), cache and data."""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def images_folder() -> Path:
    """The folder of our frameworks, the runner, and what all images share."""
    return _bundled("images")


def runner_path() -> Path:
    """The folder to put on ``PYTHONPATH`` so that ``python -m eqc_runner`` works."""
    return images_folder() / "runner"


def cache_folder() -> Path:
    """The folder for downloads and generated inputs; may be deleted at any time."""
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "eqc-orchestrator"


def data_folder() -> Path:
    """The folder for data that must not be lost: results not yet copied to a remote store."""
    root = os.environ.get("XDG_DATA_HOME")
    return (Path(root) if root else Path.home() / ".local/share") / "eqc-orchestrator"


def _bundled(name: str) -> Path:
    installed = _PACKAGE / "_bundled" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name
