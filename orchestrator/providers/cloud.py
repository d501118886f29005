"""What clouds have in common: how long they are waited for, their clocks, and our own address."""

from __future__ import annotations

import ipaddress
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import requests

from orchestrator.model.machine import Finding, Level, ProviderError, ProviderErrorKind


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


OWN_ADDRESS = "EQC_OWN_ADDRESS"
"""Environment variable that says from where we reach machines, for computers behind a proxy."""
_ASK = "https://checkip.amazonaws.com"


def own_address() -> str:
    """Our public IPv4 address as a cloud sees it. Raises ``ProviderError`` if nobody says it."""
    said = os.environ.get(OWN_ADDRESS)
    if said is None:
        try:
            answer = requests.get(_ASK, timeout=10)
            answer.raise_for_status()
        except requests.RequestException as error:
            raise ProviderError(
                ProviderErrorKind.UNCERTAIN, f"our own address: {error}; set {OWN_ADDRESS} to it"
            ) from error
        said = answer.text
    try:
        return str(ipaddress.IPv4Address(said.strip()))
    except ValueError as error:
        raise ProviderError(
            ProviderErrorKind.INVALID,
            f"our own address: {error}; set {OWN_ADDRESS} to an IPv4 address",
        ) from error
