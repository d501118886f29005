"""Runs one `eqc` as a process; gives what it shows and stores while it runs and at its end."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.results.record import Observation
from orchestrator.store.read import read
from tests.cloud.two_clouds import AWS_TYPES

FAULTY, SOUND = AWS_TYPES
PATIENCE = 120.0


@dataclass(frozen=True)
class Ran:
    """The exit code, the output and the stored rows of one `eqc run`."""

    code: int
    shown: str
    """Its stderr; white space is reduced to single spaces, because a narrow terminal wraps."""
    rows: tuple[Observation, ...]

    def status(self, machine_type: str) -> set[str]:
        return {row.status for row in self._of(machine_type)}

    def reasons(self, machine_type: str) -> set[tuple[str, str]]:
        """Codes and messages of the sessions that are not ok."""
        found = [row.reason for row in self._of(machine_type) if row.reason is not None]
        return {(reason.code, reason.message) for reason in found}

    def offers(self, machine_type: str) -> set[tuple[str, bool]]:
        """The regions of the machines that computed, and whether those were spot machines."""
        offers = [row.machine.offer for row in self._of(machine_type)]
        return {(str(offer.region), offer.spot) for offer in offers if offer is not None}

    def _of(self, machine_type: str) -> list[Observation]:
        return [r for r in self.rows if r.platform.parameters["machine_type"] == machine_type]


@dataclass(frozen=True)
class Running:
    """An `eqc run` in progress, during which the test causes a fault."""

    results: Path
    process: subprocess.Popen[bytes]
    events: Path
    shown: Path

    def ended(self) -> Ran:
        code = self.process.wait(PATIENCE * 4)
        rows = tuple(read(self.results).records) if self.results.exists() else ()
        return Ran(code, " ".join(self.shown.read_text().split()), rows)

    def until(self, condition: Callable[[], object]) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            said = self.shown.read_text()
            assert self.process.poll() is None, f"it ended before that:\n{said}"
            assert time.monotonic() < end, f"it did not come to that:\n{said}"
            time.sleep(0.05)

    def computing(self, machine_type: str = FAULTY) -> None:
        """Wait until the first of several sessions is over on a machine of the type."""
        self.until(lambda: self.sessions(machine_type))

    def sessions(self, machine_type: str) -> list[int]:
        """Numbers of the sessions whose end was reported, in the order of the events."""
        job = f"aws/{machine_type} numpy"
        told = [e for e in self._told() if e["event"] == "session" and e["job"] == job]
        return [int(event["session"]) for event in told]

    def _told(self) -> list[dict[str, Any]]:
        if not self.events.exists():
            return []
        return [json.loads(line) for line in self.events.read_text().split("\n")[:-1]]
