"""How far this computer's clock is from a cloud's, by the ``Date`` of its answers."""

from __future__ import annotations

from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from orchestrator.model.machine import Finding, Level

WARNING = 30.0
ERROR = 240.0
"""Seconds; beyond 300 neither cloud accepts what this computer signs."""


def skew(provider: str, whose: str, date: str | None, now: float) -> Iterator[Finding]:
    """The finding of ``doctor``; none where the answer had no date. ``now``: Unix seconds."""
    if date is None:
        return
    seconds = now - parsedate_to_datetime(date).timestamp()
    level = Level.OK
    if abs(seconds) > WARNING:
        level = Level.ERROR if abs(seconds) > ERROR else Level.WARNING
    advice = "" if level is Level.OK else "; set this computer's clock (NTP)"
    yield Finding(f"{provider} clock", level, f"{seconds:+.0f} s against {whose}{advice}")
