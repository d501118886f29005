"""What both parts of one ``eqc run`` share: this computer's and the remote machines'."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event

import docker

from orchestrator.errors import EnvironmentNotReady
from orchestrator.images import connect
from orchestrator.model.events import EventSink, Note
from orchestrator.model.experiment import Cell, Isolation, Limits, Pending, Plan, Platform
from orchestrator.plan.availability import available
from orchestrator.providers.registry import is_here
from orchestrator.run.job import pending_sessions
from orchestrator.run.software import PresentSoftware
from orchestrator.store.run_folder import RunFolder


@dataclass(frozen=True)
class Context:
    """One call of ``eqc run``. ``wall``: Unix seconds when ``limits: hours`` is over."""

    plan: Plan
    folder: RunFolder
    isolation: Isolation
    tell: EventSink
    stop: Event
    """Set by the first Ctrl-C: stop starting jobs, end those that run, store their results."""
    abort: Event = field(default_factory=Event)
    """Set by the second Ctrl-C: wait for no job, but release all machines."""
    wall: float | None = None
    registry: str | None = None
    """``host/repository`` that images travel through; ``None``: they go by SSH."""
    compose: tuple[str, ...] | None = None
    """How to call docker compose, where this run's containers are services of a compose file."""
    present: PresentSoftware = field(default_factory=PresentSoftware)
    """What would compute now: sessions that other software computed are pending."""

    @property
    def limits(self) -> Limits:
        """What the experiment may spend."""
        return self.plan.experiment.limits

    @property
    def label(self) -> str:
        """What containers of this computer are labelled with: unique over all its stores."""
        return str(self.folder.path.resolve())

    def pending(self, *, here: bool) -> Pending:
        """The pending sessions of this computer (``here``) or of remote machines.

        Of cells that are known not to be available none is.
        """
        cells = [c for c in available(self.plan.cells) if is_here(c.platform.provider) == here]
        return self._pending(cells)

    def pending_of(self, platform: Platform) -> Pending:
        """The pending sessions of one platform."""
        return self._pending([c for c in self.plan.cells if c.platform.id == platform.id])

    def never_computed(self, platform: Platform) -> Pending:
        """The sessions of a platform that no software computed."""
        cells = [c for c in self.plan.cells if c.platform.id == platform.id]
        return pending_sessions(cells, self.folder.sessions_done(), lambda *_: True)

    def note_upgrades(self, pending: Pending) -> None:
        """Say which of these sessions other software computed."""
        for text in self.present.upgrades(pending, self.folder.sessions_done()):
            self.note(text)

    def _pending(self, cells: list[Cell]) -> Pending:
        return pending_sessions(cells, self.folder.sessions_done(), self.present.accepts)

    def note(self, text: str) -> None:
        """Send a note for people."""
        self.tell(Note(text))

    def out_of_time(self) -> bool:
        """Whether the wall time that ``limits: hours`` allows is over."""
        return self.wall is not None and time.time() > self.wall


def wall_of(limits: Limits) -> float | None:
    """When a run that starts now must have ended."""
    return None if limits.hours is None else time.time() + limits.hours * 3600


def engine(asked: Isolation, note: Callable[[str], None]) -> docker.DockerClient | None:
    """The local engine; ``None``: run processes. Raises where ``docker`` is required."""
    if asked is Isolation.PROCESS:
        return None
    try:
        return connect()
    except EnvironmentNotReady as error:
        if asked is Isolation.DOCKER:
            raise
        note(f"running as processes: {error}")
        return None


def by_platform(pending: Pending) -> dict[str, Pending]:
    """``pending`` by the platform's id, in the order of the first cells."""
    groups: dict[str, list[tuple[Cell, tuple[int, ...]]]] = {}
    for cell, sessions in pending:
        groups.setdefault(cell.platform.id, []).append((cell, sessions))
    return {platform: tuple(group) for platform, group in groups.items()}
