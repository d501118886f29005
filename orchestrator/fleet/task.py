"""One platform on its way through the fleet: where it is, what it holds, how it is told to end."""

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
    """What a flight is doing."""

    QUEUE = "waiting"
    """For slots and money."""
    LAUNCH = "launching"
    BOOT = "booting"
    WORK = "working"
    RELEASE = "releasing"
    DONE = "done"


class Task:
    """The state of one platform, written by its own thread and read by the crew's."""

    def __init__(
        self, platform: Platform, clock: Clock, timeouts: Timeouts, tell: EventSink
    ) -> None:
        self.platform = platform
        self.stop = Event()
        """Set to end whatever it does; the machine is released by its own thread."""
        self.abandoned = False
        """Nobody waits for its thread any more."""
        self._clock = clock
        self._patience = timeouts
        self._tell = tell
        self._lock = threading.Lock()
        self._phase = Phase.QUEUE
        self._deadline: float | None = None
        self._held: Lease | None = None

    @property
    def phase(self) -> Phase:
        """What it is doing."""
        return self._phase

    @property
    def lease(self) -> Lease | None:
        """The machine it has."""
        with self._lock:
            return self._held

    def enter(self, phase: Phase, offer: Offer, machine: str | None = None) -> None:
        """Go on to ``phase``, whose time begins now."""
        now, timeouts = self._clock.now(), self._patience
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
        """Seconds by which the phase is over its time; not positive: it isn't."""
        with self._lock:
            return float("-inf") if self._deadline is None else self._clock.now() - self._deadline

    def hold(self, lease: Lease) -> None:
        """A machine was made for it."""
        with self._lock:
            self._held = lease

    def drop(self) -> None:
        """It has no machine any more."""
        with self._lock:
            self._held = None

    def say(
        self, state: MachineState, offer: Offer, *, machine: str | None = None, text: str = ""
    ) -> None:
        """Tell what happens."""
        self._tell(MachineChanged(self.platform.name, state, offer.label, machine, text))
