"""The state of one platform in the fleet: its phase, its machine, its signal to stop."""

from __future__ import annotations

import threading
from enum import StrEnum
from threading import Event

from orchestrator.fleet.clock import Clock
from orchestrator.fleet.limits import Timeouts
from orchestrator.fleet.release import Lease
from orchestrator.model.events import EventSink, MachineChanged, MachineState
from orchestrator.model.experiment import Platform
from orchestrator.model.machine import Offer


class Phase(StrEnum):
    """What a task is doing."""

    QUEUE = "waiting"
    """Waiting for permits and budget."""
    LAUNCH = "launching"
    BOOT = "booting"
    WORK = "working"
    RELEASE = "releasing"


class Task:
    """The state of one platform: written by the task's thread, read by the fleet's thread."""

    def __init__(
        self, platform: Platform, clock: Clock, timeouts: Timeouts, tell: EventSink
    ) -> None:
        self.platform = platform
        self.stop = Event()
        """Set to end the task; its own thread then releases the machine."""
        self.abandoned = False
        """The fleet no longer waits for the task's thread."""
        self._clock = clock
        self._timeouts = timeouts
        self._tell = tell
        self._lock = threading.Lock()
        self._phase = Phase.QUEUE
        self._deadline: float | None = None
        self._lease: Lease | None = None

    @property
    def phase(self) -> Phase:
        """The present phase."""
        return self._phase

    @property
    def lease(self) -> Lease | None:
        """The task's machine; ``None`` where it has none."""
        with self._lock:
            return self._lease

    def enter(self, phase: Phase, offer: Offer, machine: str | None = None) -> None:
        """Begin ``phase``: its deadline counts from now, and an event is sent."""
        now, timeouts = self._clock.now(), self._timeouts
        lease = self.lease
        seconds = {
            Phase.LAUNCH: timeouts.launch + timeouts.grace,
            Phase.BOOT: timeouts.boot,
            Phase.WORK: lease.order.expires - now if lease else None,
            Phase.RELEASE: timeouts.release + timeouts.grace,
        }.get(phase)
        with self._lock:
            self._phase = phase
            self._deadline = None if seconds is None else now + seconds
        self.say(MachineState(phase.value), offer, machine=machine)

    def overdue(self) -> float:
        """Seconds since the phase's deadline; negative before it, ``-inf`` where there is none."""
        with self._lock:
            return float("-inf") if self._deadline is None else self._clock.now() - self._deadline

    def hold(self, lease: Lease) -> None:
        """The task has a machine from now on."""
        with self._lock:
            self._lease = lease

    def drop(self) -> None:
        """The task has no machine any more."""
        with self._lock:
            self._lease = None

    def say(
        self, state: MachineState, offer: Offer, *, machine: str | None = None, text: str = ""
    ) -> None:
        """Send an event."""
        self._tell(MachineChanged(self.platform.name, state, offer.label, machine, text))
