"""What happens during ``eqc run``, as it is told to people and, as JSON, to programs.

Each event knows its JSON: docs/formats.md, section 6, without the time, which whoever writes it
down adds. Texts may be a machine's own words: they are not to be trusted.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from orchestrator.model.experiment import Json, Scalar


@dataclass(frozen=True)
class Note:
    """Something a person should know, and nothing depends on."""

    text: str
    job: str | None = None
    """Of which job the runner said it; ``None``: nobody's."""

    def as_json(self) -> dict[str, Json]:
        """``note``."""
        return {"event": "note", "text": self.text, **_known(job=self.job)}


@dataclass(frozen=True)
class Skipped:
    """A platform cannot be had, or not for a framework, and why."""

    platform: str
    framework: str
    reason: str

    def as_json(self) -> dict[str, Json]:
        """``skipped``."""
        return {
            "event": "skipped",
            "platform": self.platform,
            "framework": self.framework,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class JobsPlanned:
    """What this computer has to do."""

    sessions: Mapping[str, int]
    """Still to be observed, by job."""

    def as_json(self) -> dict[str, Json]:
        """``jobs``."""
        return {"event": "jobs", "jobs": dict(self.sessions)}


@dataclass(frozen=True)
class JobStarted:
    """A job begins, here or far away."""

    job: str

    def as_json(self) -> dict[str, Json]:
        """``started``."""
        return {"event": "started", "job": self.job}


@dataclass(frozen=True)
class SessionEnded:
    """A runner says that it ended a session; ``None`` where it does not say what or how."""

    job: str
    cell: Scalar
    session: Scalar
    status: Scalar
    seconds: Scalar

    def as_json(self) -> dict[str, Json]:
        """``session``."""
        return {
            "event": "session",
            "cell": self.cell,
            "session": self.session,
            "status": self.status,
            "seconds": self.seconds,
            "job": self.job,
        }


@dataclass(frozen=True)
class JobEnded:
    """What a job observed is stored."""

    job: str
    sessions: int
    not_ok: int

    def as_json(self) -> dict[str, Json]:
        """``ended``."""
        return {
            "event": "ended",
            "job": self.job,
            "sessions": self.sessions,
            "not_ok": self.not_ok,
        }


class MachineState(StrEnum):
    """What the fleet does with a platform's machine, or what became of it."""

    WAITING = "waiting"
    """For a permit or for money."""
    LAUNCHING = "launching"
    AGAIN = "again"
    """The same order, after an answer that does not end it."""
    REFUSED = "refused"
    BOOTING = "booting"
    WORKING = "working"
    REJECTED = "rejected"
    """It is not what was asked for."""
    LOST = "lost"
    RELEASING = "releasing"


@dataclass(frozen=True)
class MachineChanged:
    """A platform's machine, or the order for one, is in another state."""

    platform: str
    state: MachineState
    offer: str
    """Where and on what terms, as people see it."""
    machine: str | None = None
    """Its id, where there is one."""
    text: str = ""
    """Why, where that is known."""

    def as_json(self) -> dict[str, Json]:
        """``machine``."""
        return {
            "event": "machine",
            "platform": self.platform,
            "state": self.state.value,
            "place": self.offer,
            **_known(machine=self.machine, text=self.text or None),
        }


@dataclass(frozen=True)
class CleanedUp:
    """The end of a run. Costs in US dollars; without any where nothing was rented."""

    left: int = 0
    """Machines and containers that could not be confirmed ended."""
    cost_estimated: float | None = None
    cost_actual: float | None = None
    unpriced: int = 0
    """Machines of unknown price: then the cost is at least this."""
    untidy: tuple[str, ...] = ()
    """Providers where something that costs nothing may be left, and why."""

    def as_json(self) -> dict[str, Json]:
        """``swept``."""
        said: dict[str, Json] = {"event": "swept", "left": self.left}
        if self.cost_actual is None:
            return said
        return said | {
            "cost_estimated": self.cost_estimated,
            "cost_actual": self.cost_actual,
            "unpriced": self.unpriced,
            "untidy": list(self.untidy),
        }


Event = (
    Note | Skipped | JobsPlanned | JobStarted | SessionEnded | JobEnded | MachineChanged | CleanedUp
)
EventSink = Callable[[Event], None]
"""Whoever is told what happens, from any thread."""


def unfailing(sink: EventSink, failed: Callable[[Exception], None] = lambda _: None) -> EventSink:
    """A sink that never raises: machines are released whoever listens.

    After the first exception of ``sink``, which is passed to ``failed``, it is told nothing more.
    """
    broken = threading.Event()

    def tell(event: Event) -> None:
        if broken.is_set():
            return
        try:
            sink(event)
        except Exception as error:  # noqa: BLE001 - what a listener raises is its own
            if not broken.is_set():
                broken.set()
                failed(error)

    return tell


def _known(**fields: str | None) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value is not None}
