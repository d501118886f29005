"""Which runs are driven by a process of this computer at this moment, in any results folder."""

from __future__ import annotations

import os
from pathlib import Path

from orchestrator.system.files import is_locked, lock_file
from orchestrator.system.paths import cache_folder


class LiveRun:
    """Marks a run as driven by this process, until ``close`` or the end of the process."""

    def __init__(self, tag: str) -> None:
        self._path = _folder() / f"{tag}.lock"
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._lock: int | None = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        # Is free: the lock of the run's folder already admits one process only.
        lock_file(self._lock)

    def close(self) -> None:
        """Remove the mark."""
        if self._lock is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None


def live_runs() -> frozenset[str]:
    """Tags of the runs that a running process of this computer drives."""
    return frozenset(path.stem for path in _folder().glob("*.lock") if is_locked(path))


def _folder() -> Path:
    return cache_folder() / "live"
