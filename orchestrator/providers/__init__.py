"""Providers turn platforms into machines; they know nothing of shells, images or stores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from orchestrator.model import Machine, Platform


class Provider(Protocol):
    """The contract of ``docs/adr/0001`` and the tests in ``tests/contract``."""

    def launch(self, platform: Platform, run_name: str) -> Machine:
        """Make or find a machine for ``platform`` and return at once.

        Raises ``model.Unavailable`` where it cannot be had; that is a row, not a crash.
        """
        ...

    def wait(self, machine: Machine) -> Machine:
        """Until the machine can be used; a copy that knows its address."""
        ...

    def release(self, machine: Machine) -> None:
        """End the machine. Idempotent; already gone is success."""
        ...

    def find(self, run_name: str | None = None) -> Sequence[Machine]:
        """What is alive of a run (or of all), without any state of ours."""
        ...
