"""What one platform goes through in its own thread: machines, until one has done the work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Event
from typing import Generic, Protocol, TypeVar

from orchestrator.fleet.journal import Journal
from orchestrator.fleet.placement import Attempt, Candidates
from orchestrator.fleet.provision import NoMachine, Obtainer
from orchestrator.fleet.release import Held, Releaser
from orchestrator.fleet.task import Flight, Phase
from orchestrator.model.experiment import Platform, Reason
from orchestrator.model.machine import Lost, Machine, Provider, Rejected, Unavailable

Result_co = TypeVar("Result_co", covariant=True)
Result = TypeVar("Result")


class Work(Protocol[Result_co]):
    """The caller's errand on one machine; it connects, verifies, computes, stores."""

    def __call__(self, machine: Machine, stop: Event, /) -> Result_co:
        """What came of it. Ends soon after ``stop`` is set.

        Raises ``Rejected`` where the machine is not what was asked for, ``Lost`` where it died:
        another machine is tried. Any other exception ends the whole fleet.
        """
        ...


@dataclass(frozen=True)
class Served(Generic[Result]):
    """What became of one platform."""

    platform: Platform
    result: Result | None
    reason: Reason | None
    """Why there is no result; ``None``: there is one."""
    attempts: tuple[Attempt, ...] = ()
    """Every try that gave no result, in their order."""


@dataclass(frozen=True)
class Service:
    """Serves one flight after another with machines."""

    providers: Mapping[str, Provider]
    obtainer: Obtainer
    releaser: Releaser
    journal: Journal
    attempts: int
    """Machines tried for one platform."""

    def serve(self, flight: Flight, work: Work[Result]) -> Served[Result]:
        """Do ``work`` on a machine of the flight's platform, released when this returns."""
        platform = flight.platform
        try:
            places = self.providers[platform.provider].places(platform)
        except Unavailable as error:
            return Served(platform, None, error.reason)
        candidates = Candidates(platform, places, self.attempts)
        while True:
            try:
                held = self.obtainer.obtain(flight, candidates)
            except NoMachine as error:
                return Served(platform, None, error.reason, tuple(candidates.attempts))
            try:
                result = self._worked(flight, work, held)
            except Rejected as error:
                candidates.rejected(held.order.place, error.reason)
                flight.say("rejected", held.order.place, text=str(error))
            except Lost as error:
                candidates.lost(held.order.place, error.reason)
                flight.say("lost", held.order.place, text=str(error))
            else:
                return Served(platform, result, None, tuple(candidates.attempts))

    def _worked(self, flight: Flight, work: Work[Result], held: Held) -> Result:
        place, machine = held.order.place, held.machine
        why = "an error of ours"
        try:
            flight.enter(Phase.WORK, place, machine.id)
            result = work(machine, flight.stop)
            why = "done"
        except (Rejected, Lost) as error:
            why = f"{error.reason.code}: {error}"
            raise
        finally:
            flight.enter(Phase.RELEASE, place, machine.id)
            self.releaser.release(held, why, self.journal)
            flight.drop()
        return result
