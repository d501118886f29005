"""One task from beginning to end: machines are tried until one has done the work."""

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
    """What the caller does on one machine: connect, verify, compute, store."""

    def __call__(self, machine: Machine, stop: Event, /) -> Result_co:
        """Compute on ``machine`` and return the result; return soon after ``stop`` is set.

        Raises ``Rejected`` where the machine is not the hardware that was ordered, ``Lost`` where
        it stopped answering: then another machine is tried. Any other exception ends all tasks.
        """
        ...


@dataclass(frozen=True)
class TaskResult(Generic[Result]):
    """The result for one platform, or why there is none."""

    platform: Platform
    result: Result | None
    reason: Reason | None
    """Why there is no result; ``None`` where there is one."""
    attempts: tuple[Attempt, ...] = ()
    """Machines and orders that gave no result, oldest first."""


@dataclass(frozen=True)
class TaskRunner:
    """Runs a task: obtains a machine, does the work on it, releases it. Used by all threads."""

    providers: Mapping[str, Provider]
    provisioner: Provisioner
    releaser: Releaser
    journal: Journal
    attempts: int
    """How many machines are tried for one platform."""

    def run(self, task: Task, work: Work[Result]) -> TaskResult[Result]:
        """Do ``work`` on a machine of the task's platform, which is released when this returns.

        Errors of ``work`` other than ``Rejected`` and ``Lost`` are passed on.
        """
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
                result = self._run_work(task, work, lease)
            except Rejected as error:
                placement.rejected(lease.order.offer, error.reason)
                task.say(MachineState.REJECTED, lease.order.offer, text=str(error))
            except Lost as error:
                placement.lost(lease.order.offer, error.reason)
                task.say(MachineState.LOST, lease.order.offer, text=str(error))
            else:
                return TaskResult(platform, result, None, tuple(placement.attempts))

    def _run_work(self, task: Task, work: Work[Result], lease: Lease) -> Result:
        offer, machine = lease.order.offer, lease.machine
        why = "unexpected error"
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
