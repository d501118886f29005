"""How long a cloud is waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """How long to wait for what, in seconds, and by which clock."""

    boot: float = 300.0
    """From launch to running with an address."""
    settle: float = 30.0
    """A cloud may not know, in one place, what it made a moment ago in another."""
    end: float = 240.0
    """From the call that ends a machine to its confirmed end, and for what it shared."""
    poll: float = 3.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
