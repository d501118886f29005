"""What is done on one machine far away: see what it is, bring the images, compute, take home."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import Event

from orchestrator import catalog
from orchestrator.errors import (
    ConnectionLost,
    DeliveryFailed,
    EnvironmentNotReady,
    HostKeyRefused,
    LoginRefused,
    MachinesLeft,
    OutputRefused,
)
from orchestrator.executors.base import Executor
from orchestrator.executors.remote_container import RemoteContainer, leftovers, remove
from orchestrator.executors.remote_process import RemoteProcess
from orchestrator.images import Image
from orchestrator.images.remote import ImageDistributor
from orchestrator.model.experiment import Isolation, Reason, Status
from orchestrator.model.machine import Lost, Machine, Rejected
from orchestrator.plan.cells import group_batches
from orchestrator.providers.qemu import Qemu
from orchestrator.run.context import Context
from orchestrator.run.execute import execute, record_skipped
from orchestrator.run.job import Job
from orchestrator.run.verify_hardware import disagreement
from orchestrator.ssh.client import SshClient
from orchestrator.ssh.facts import RemoteFacts, remote_facts
from orchestrator.store.parse_fingerprint import parse_fingerprint
from orchestrator.store.records import Record
from orchestrator.store.schema import problem_with_fingerprint

BOOT_SECONDS = 300.0
"""From a rented machine's being up to its answering by SSH."""
STANDING_SECONDS = 30.0
"""The same for a host that is there anyway."""
DOCKER_SECONDS = 180.0
"""From a rented machine's answering by SSH to its engine's answering: user data may install it."""
DOCKER_POLL = 3.0
EXCUSED = {OutputRefused: "damaged-output", EnvironmentNotReady: "not-usable"}
"""What a machine may do to its job without ending the work on it."""


@dataclass(frozen=True)
class RemoteWorker:
    """The work that the fleet calls with every machine it obtained."""

    context: Context
    images: ImageDistributor
    gone: Callable[[Machine], str | None] = lambda _: None
    """Why a machine that does not answer will never again; asked while it is away."""
    left: dict[str, str] = field(default_factory=dict)
    """What could not be removed from hosts that stay, by platform."""

    def run(self, machine: Machine, stop: Event) -> list[Record]:
        """Observe all that is missing of the machine's platform; returns the records.

        Raises ``Rejected`` where the machine is not what was asked for, ``Lost`` where it went
        away: what it had finished is stored by then, and nothing else of it counts.
        """
        if machine.address is None:
            raise Lost(Reason("no-address", f"{machine.id} has no address"))
        rented = machine.offer.machine_type is not None
        try:
            with SshClient(machine.address, gone=lambda: self.gone(machine)) as shell:
                seconds = BOOT_SECONDS if rented else STANDING_SECONDS
                shell.wait_until_reachable(seconds, stop, booting=rented)
                facts = _facts(shell, stop, booting=rented)
                if stop.is_set():
                    return []
                seen = played(replace(machine, architecture=facts.architecture))
                records = _OnMachine(self.context, self.images, shell, seen, facts, stop).run()
                self.left.pop(machine.platform.id, None)
                return records
        except ConnectionLost as error:
            raise Lost(Reason("connection-lost", str(error))) from error
        except (HostKeyRefused, LoginRefused) as error:
            raise Lost(Reason("not-let-in", str(error))) from error
        except EnvironmentNotReady as error:
            raise Lost(Reason("not-usable", str(error))) from error
        except OutputRefused as error:
            raise Lost(Reason("damaged-output", str(error))) from error
        except MachinesLeft as error:
            if not rented:
                # The host stays, and so does what was left on it: the run's end says so.
                self.left[machine.platform.id] = str(error)
            raise Lost(Reason("not-cleared", str(error))) from error


def _facts(shell: SshClient, stop: Event, *, booting: bool) -> RemoteFacts:
    """What the machine says of itself, once its engine is up where it still may come up."""
    end = time.monotonic() + DOCKER_SECONDS
    while True:
        facts = remote_facts(shell)
        if facts.docker or not booting or stop.is_set() or time.monotonic() > end:
            return facts
        # Connected anew: who was logged in before joined no group since.
        shell.close()
        stop.wait(DOCKER_POLL)


def played(machine: Machine) -> Machine:
    """In a rehearsal: the emulated CPU that plays the machine's, in front of every program."""
    cpu = machine.platform.get("cpu")
    if machine.platform.get("rehearsal") is None or cpu is None:
        return machine
    qemu = Qemu(Isolation.DOCKER, machine.architecture)
    launcher = qemu.launcher(str(cpu), machine.architecture)
    return replace(machine, launcher=launcher, emulated=str(cpu), rehearsal=True)


@dataclass(frozen=True)
class _OnMachine:
    """One machine that was reached."""

    context: Context
    images: ImageDistributor
    shell: SshClient
    machine: Machine
    facts: RemoteFacts
    stop: Event

    def run(self) -> list[Record]:
        records: list[Record] = []
        isolation = self._isolation()
        if isolation is Isolation.DOCKER:
            # Of a call that was killed; nobody waits for it.
            for name in leftovers(self.shell, self._label):
                remove(self.shell, name)
        sessions = {cell.id: s for cell, s in self.context.pending_of(self.machine.platform)}
        cells = [cell for cell in self.context.plan.cells if cell.id in sessions]
        verified = False
        for batch in group_batches(cells):
            if self.stop.is_set():
                break
            pending = tuple((cell, sessions[cell.id]) for cell in batch.cells)
            try:
                image = self._image(batch.framework, isolation)
            except DeliveryFailed as error:
                reason = Reason(error.code, str(error))
                records += record_skipped(self.context, pending, Status.FAILED, reason)
                continue
            if isinstance(image, Reason):
                records += record_skipped(self.context, pending, Status.SKIPPED, image)
                continue
            if not verified and image is not None:
                self._verify(image)
                verified = True
            records += self._compute(Job(self.machine, batch.framework, pending), image)
        return records

    @property
    def _label(self) -> str:
        # Of this platform alone: two machines may be one engine, and neither may end the other's.
        return f"{self.context.folder.tag}-{self.machine.platform.id}"

    def _isolation(self) -> Isolation:
        given = dict(self.machine.platform.placement).get("isolation")
        asked = self.context.isolation if given is None else Isolation(str(given))
        facts = self.facts
        if asked is Isolation.PROCESS:
            return asked
        if facts.docker is not None:
            return Isolation.DOCKER
        if asked is Isolation.DOCKER or self.machine.offer.machine_type is not None:
            raise Lost(Reason("no-docker", f"no Docker there: {facts.why_no_docker}"))
        name = self.machine.platform.name
        self.context.note(f"{name}: running as processes: {facts.why_no_docker}")
        return Isolation.PROCESS

    def _image(self, framework: str, isolation: Isolation) -> Image | Reason | None:
        """The image, delivered; why there is none; ``None`` where it goes without."""
        if isolation is Isolation.PROCESS:
            return None
        image = self.images.get(framework, self.machine.architecture)
        if isinstance(image, Image):
            self.images.deliver(self.shell, image)
        return image

    def _verify(self, image: Image) -> None:
        """Before anything is computed: is this what was asked for? Raises ``Rejected``."""
        machine = self.machine
        if machine.offer.machine_type is None:
            return
        document = RemoteContainer(self.shell, image.digest, self._label).probe()
        kind = catalog.machine_type(machine.platform.provider, machine.offer.machine_type)
        problem = problem_with_fingerprint(document)
        if problem is not None:
            raise Rejected(Reason("damaged-output", f"its fingerprint is none: {problem}"))
        fingerprint = parse_fingerprint(document)
        reason = disagreement(machine.platform, kind, fingerprint, rehearsal=machine.rehearsal)
        if reason is not None:
            raise Rejected(reason)

    def _compute(self, job: Job, image: Image | None) -> list[Record]:
        limits, wall = self.context.limits, self.context.wall
        ends = [time.time() + job.seconds(limits), wall, self.machine.expires]
        # The runner reads the machine's clock.
        deadline = min(end for end in ends if end) + self.facts.clock_ahead
        shell = self._job_shell(image, deadline)
        return execute(self.context, job, image, shell, deadline, self.stop, EXCUSED)

    def _job_shell(self, image: Image | None, deadline: float) -> Executor:
        if image is None:
            python = dict(self.machine.platform.placement).get("python") or "python3"
            return RemoteProcess(self.shell, self._label, python=str(python), deadline=deadline)
        return RemoteContainer(
            self.shell,
            image.digest,
            self._label,
            memory_bytes=self.context.limits.memory_bytes,
            deadline=deadline,
            gpus=self.machine.platform.get("gpu") is not None,
        )
