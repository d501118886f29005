"""What one platform goes through in its own thread: machines, until one has done the work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Event
from typing import Generic, Protocol, TypeVar

from orchestrator.fleet.journal import Journal
from orchestrator.fleet.placement import Attempt, Placement
from orchestrator.fleet.provision import Provisioner, ProvisioningFailed
from orchestrator.fleet.release import Lease, Releaser
from orchestrator.fleet.task import Phase, Task
from orchestrator.model.events import MachineState
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
class TaskResult(Generic[Result]):
    """What became of one platform."""

    platform: Platform
    result: Result | None
    reason: Reason | None
    """Why there is no result; ``None``: there is one."""
    attempts: tuple[Attempt, ...] = ()
    """Every try that gave no result, in their order."""


@dataclass(frozen=True)
class TaskRunner:
    """Serves one flight after another with machines."""

    providers: Mapping[str, Provider]
    provisioner: Provisioner
    releaser: Releaser
    journal: Journal
    attempts: int
    """Machines tried for one platform."""

    def run(self, task: Task, work: Work[Result]) -> TaskResult[Result]:
        """Do ``work`` on a machine of the flight's platform, released when this returns."""
        platform = task.platform
        try:
            offers = self.providers[platform.provider].offers(platform)
        except Unavailable as error:
            return TaskResult(platform, None, error.reason)
        placement = Placement(platform, offers, self.attempts)
        while True:
            try:
                lease = self.provisioner.provision(task, placement)
            except ProvisioningFailed as error:
                return TaskResult(platform, None, error.reason, tuple(placement.attempts))
            try:
                result = self._worked(task, work, lease)
            except Rejected as error:
                placement.rejected(lease.order.offer, error.reason)
                task.say(MachineState.REJECTED, lease.order.offer, text=str(error))
            except Lost as error:
                placement.lost(lease.order.offer, error.reason)
                task.say(MachineState.LOST, lease.order.offer, text=str(error))
            else:
                return TaskResult(platform, result, None, tuple(placement.attempts))

    def _worked(self, task: Task, work: Work[Result], lease: Lease) -> Result:
        offer, machine = lease.order.offer, lease.machine
        why = "an error of ours"
        try:
            task.enter(Phase.WORK, offer, machine.id)
            result = work(machine, task.stop)
            why = "done"
        except (Rejected, Lost) as error:
            why = f"{error.reason.code}: {error}"
            raise
        finally:
            task.enter(Phase.RELEASE, offer, machine.id)
            self.releaser.release(lease, why, self.journal)
            task.drop()
        return result
