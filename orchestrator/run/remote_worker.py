"""The work on one remote machine: verify its hardware, deliver images, compute, fetch results."""

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
from orchestrator.executors.remote_process import RemoteProcess, installed_versions
from orchestrator.images import Image
from orchestrator.images.remote import ImageDistributor
from orchestrator.model.experiment import Installation, Isolation, Reason, Status
from orchestrator.model.machine import Lost, Machine, Rejected, SshPlacement
from orchestrator.packages.pins import name_of, unmet
from orchestrator.packages.requirements import distribution_of, is_default
from orchestrator.plan.cells import group_batches
from orchestrator.providers.qemu import Qemu
from orchestrator.providers.registry import is_rented, registration
from orchestrator.run.context import Context
from orchestrator.run.execute import execute, record_skipped
from orchestrator.run.job import Job
from orchestrator.run.software import doubtful
from orchestrator.run.verify_hardware import disagreement
from orchestrator.ssh.client import SshClient
from orchestrator.ssh.facts import RemoteFacts, remote_facts
from orchestrator.store.parse_fingerprint import parse_fingerprint
from orchestrator.store.records import Record
from orchestrator.store.schema import problem_with_fingerprint

BOOT_SECONDS = 300.0
"""How long a rented machine that is up may take to answer by SSH."""
STANDING_SECONDS = 30.0
"""The same for an SSH host, which does not have to boot."""
DOCKER_SECONDS = 180.0
"""How long after that its Docker engine may take to answer: user data may install it first."""
DOCKER_POLL = 3.0
JOB_ERRORS = {OutputRefused: "damaged-output", EnvironmentNotReady: "not-usable"}
"""Errors that end one job but not the work on its machine, with the reason code of its records."""


@dataclass(frozen=True)
class RemoteWorker:
    """The work on every machine that the fleet provides."""

    context: Context
    images: ImageDistributor
    gone: Callable[[Machine], str | None] = lambda _: None
    """Called while a machine does not answer: why it never will, or ``None``."""
    left: dict[str, str] = field(default_factory=dict)
    """Platform id → what could not be removed from its SSH host."""

    def run(self, machine: Machine, stop: Event) -> list[Record]:
        """Observe all open sessions of the machine's platform; returns their records.

        Raises ``Rejected`` where the machine is not the hardware asked for, ``Lost`` where it
        stopped answering or is not usable: the sessions it had finished are stored by then.
        """
        if machine.address is None:
            raise Lost(Reason("no-address", f"the provider gave no address for {machine.id}"))
        rented = is_rented(machine.platform.provider)
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
                # An SSH host is not ended, so what was left there stays: the run's end reports it.
                self.left[machine.platform.id] = str(error)
            raise Lost(Reason("not-cleared", str(error))) from error


def _facts(shell: SshClient, stop: Event, *, booting: bool) -> RemoteFacts:
    """The machine's facts; while it is ``booting``, wait for its Docker engine first."""
    end = time.monotonic() + DOCKER_SECONDS
    while True:
        facts = remote_facts(shell)
        if facts.docker or not booting or stop.is_set() or time.monotonic() > end:
            return facts
        # Group membership (docker) needs a new login: connect again.
        shell.close()
        stop.wait(DOCKER_POLL)


def why_not_there(shell: SshClient, python: str, wanted: Installation) -> Reason | None:
    """Why the machine's own ``python`` cannot compute an installation; ``None``: it can.

    Nothing is installed on a machine that is not ours.
    """
    if is_default(wanted):
        return None
    asked = list(wanted.requires)
    if wanted.pin is not None:
        asked.insert(0, f"{distribution_of(wanted)}{wanted.pin}")
    there = installed_versions(shell, [name_of(each) for each in asked], python)
    lacking = unmet(asked, there)
    if not lacking:
        return None
    return Reason(
        "not-installed",
        f"{shell.label}: {python} cannot compute {wanted.title} ({'; '.join(lacking)}): install it "
        "there, set the host's key `python` to an environment that has it, or install Docker",
    )


def played(machine: Machine) -> Machine:
    """The machine with an emulator of its CPU as launcher, in a rehearsal; else unchanged."""
    cpu = machine.platform.get("cpu")
    if machine.platform.get("rehearsal") is None or cpu is None:
        return machine
    qemu = Qemu(Isolation.DOCKER, machine.architecture)
    launcher = qemu.launcher(str(cpu), machine.architecture)
    return replace(machine, launcher=launcher, emulated=str(cpu), rehearsal=True)


@dataclass(frozen=True)
class _OnMachine:
    """The work on one machine that answers by SSH."""

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
            # Containers of an earlier call that was killed.
            for name in leftovers(self.shell, self._label):
                remove(self.shell, name)
        self._learn_software(isolation)
        found = self.context.pending_of(self.machine.platform)
        self.context.note_upgrades(found)
        sessions = {cell.id: s for cell, s in found}
        cells = [cell for cell in self.context.plan.cells if cell.id in sessions]
        verified = False
        for batch in group_batches(cells):
            if self.stop.is_set():
                break
            pending = tuple((cell, sessions[cell.id]) for cell in batch.cells)
            try:
                image = self._image(batch.installation, isolation)
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
            records += self._compute(Job(self.machine, batch.installation, pending), image)
        return records

    def _learn_software(self, isolation: Isolation) -> None:
        """Ask what is installed here, where the store has sessions that it may have computed."""
        context, platform = self.context, self.machine.platform
        cells = [cell for cell in context.plan.cells if cell.platform.id == platform.id]
        unknown = {
            key: cell.variant
            for key, cell in doubtful(cells, context.folder.sessions_done()).items()
            if not context.present.knows(key)
        }
        if isolation is Isolation.DOCKER:
            for key, variant in unknown.items():
                found = self.images.software(variant.installation, self.machine.architecture)
                if not isinstance(found, Reason):
                    context.present.learn(key, found)
        elif unknown:
            process = RemoteProcess(self.shell, self._label, python=self._python)
            asked = {key: (one.framework, *one.requires) for key, one in unknown.items()}
            answers = process.installed_software(tuple(asked.values()), self.stop)
            for key, words in asked.items():
                if words in answers:
                    context.present.learn(key, answers[words])

    @property
    def _label(self) -> str:
        # With the platform: two SSH hosts may share one engine, and must not end each other's
        # containers.
        return f"{self.context.folder.tag}-{self.machine.platform.id}"

    @property
    def _standing(self) -> SshPlacement | None:
        """What the experiment says of a host that is there already."""
        placement = self.machine.platform.placement
        return placement if isinstance(placement, SshPlacement) else None

    def _isolation(self) -> Isolation:
        own = Isolation.AUTO if self._standing is None else self._standing.isolation
        wanted = self.context.isolation if own is Isolation.AUTO else own
        facts = self.facts
        if wanted is Isolation.PROCESS:
            return wanted
        if facts.docker is not None:
            return Isolation.DOCKER
        if wanted is Isolation.DOCKER or is_rented(self.machine.platform.provider):
            raise Lost(Reason("no-docker", f"no Docker on the machine: {facts.why_no_docker}"))
        name = self.machine.platform.name
        self.context.note(f"{name}: running as processes: {facts.why_no_docker}")
        return Isolation.PROCESS

    def _image(self, wanted: Installation, isolation: Isolation) -> Image | Reason | None:
        """The image, delivered to the machine; why there is none; ``None`` for plain processes."""
        if isolation is Isolation.PROCESS:
            return why_not_there(self.shell, self._python, wanted)
        image = self.images.get(wanted, self.machine.architecture)
        if isinstance(image, Image):
            self.images.deliver(self.shell, image)
        return image

    @property
    def _python(self) -> str:
        return "python3" if self._standing is None else self._standing.python

    def _verify(self, image: Image) -> None:
        """Compare the machine with the platform before it computes. Raises ``Rejected``."""
        machine = self.machine
        provider = registration(machine.platform.provider)
        if not provider.rented:
            return
        document = RemoteContainer(self.shell, image.digest, self._label).probe()
        kind = None
        if provider.catalogued and machine.offer.machine_type is not None:
            kind = catalog.machine_type(provider.name, machine.offer.machine_type)
        problem = problem_with_fingerprint(document)
        if problem is not None:
            raise Rejected(Reason("damaged-output", f"its fingerprint is not valid: {problem}"))
        fingerprint = parse_fingerprint(document)
        reason = disagreement(machine.platform, kind, fingerprint, rehearsal=machine.rehearsal)
        if reason is not None:
            raise Rejected(reason)

    def _compute(self, job: Job, image: Image | None) -> list[Record]:
        limits, wall = self.context.limits, self.context.wall
        ends = [time.time() + job.seconds(limits), wall, self.machine.expires]
        # The runner compares the deadline with the machine's clock.
        deadline = min(end for end in ends if end) + self.facts.clock_ahead
        executor = self._executor(image, deadline)
        return execute(self.context, job, image, executor, deadline, self.stop, JOB_ERRORS)

    def _executor(self, image: Image | None, deadline: float) -> Executor:
        if image is None:
            return RemoteProcess(self.shell, self._label, python=self._python, deadline=deadline)
        return RemoteContainer(
            self.shell,
            image.digest,
            self._label,
            memory_bytes=self.context.limits.memory_bytes,
            deadline=deadline,
            gpus=self.machine.platform.get("gpu") is not None,
        )
