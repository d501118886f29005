"""Going on after a dropped connection, as long as the machine comes back."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event
from typing import TypeVar

from orchestrator.errors import ConnectionLost
from orchestrator.ssh.client import SshShell

PATIENCE_SECONDS = 300.0
STOPPING_SECONDS = 20.0
"""Patience once the run is being stopped."""
_QUICK_SECONDS = 60.0
_QUICK_DROPS = 10

T = TypeVar("T")


def through_drops(
    shell: SshShell, do: Callable[[], T], *, patience: float, stop: Event | None = None
) -> T:
    """What ``do`` gives; after a lost connection it is done again, so it must bear that.

    Raises ``ConnectionLost`` where the machine stays away for ``patience`` seconds, or answers but
    loses the connection again and again at once.
    """
    drops = 0
    while True:
        begun = time.monotonic()
        try:
            return do()
        except ConnectionLost:
            drops = drops + 1 if time.monotonic() - begun < _QUICK_SECONDS else 1
            if drops > _QUICK_DROPS:
                raise
        # It may be lost without knowing it yet.
        shell.close()
        if stop is not None and stop.is_set():
            shell.wait_until_reachable(min(patience, STOPPING_SECONDS), Event())
        else:
            shell.wait_until_reachable(patience, stop or Event())
