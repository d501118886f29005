"""Pushing a run's results while it goes on. A bucket that fails stops nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType

from orchestrator.errors import EqcError
from orchestrator.store.bucket.mirror import RemoteStore
from orchestrator.store.run_folder import RunFolder

PAUSE = 2.0
"""Seconds between two pushes: what is observed meanwhile travels together."""


class Sharing:
    """Pushes in a thread of its own, and for the last time when it is left; a context manager."""

    def __init__(self, store: RemoteStore, say: Callable[[str], None]) -> None:
        self._store = store
        self._say = say
        self._run: RunFolder | None = None
        self._news, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._push_on, daemon=True)
        self.url: str | None = store.url
        self.problem: EqcError | None = None
        """Why the last push failed."""

    def stored(self, run: RunFolder) -> None:
        """To be called when something was added to ``run``; returns at once."""
        self._run = run
        self._news.set()

    def __enter__(self) -> Sharing:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._news.set()
        self._thread.join()
        try:
            self._store.push()
            # What others pushed meanwhile belongs into the report, too.
            self._store.pull()
            self.problem = None
        except EqcError as failed:
            self.problem = failed

    def _push_on(self) -> None:
        while self._news.wait() and not self._over.is_set():
            self._news.clear()
            try:
                self._store.push(self._run)
                self.problem = None
            except EqcError as failed:
                if self.problem is None:
                    self._say(f"{failed}; the run goes on, and it is tried again")
                self.problem = failed
            self._over.wait(PAUSE)


class Unshared:
    """For results that stay in a folder."""

    url: str | None = None
    stored: None = None
    problem: EqcError | None = None
