"""One call of ``eqc run``: platforms become machines, cells become jobs, outputs become rows."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import docker

from orchestrator import catalog
from orchestrator.errors import EnvironmentNotReady, MachinesLeft
from orchestrator.fleet.job import Job, missing_sessions, write_job
from orchestrator.images import Image, ImageBuilder, connect
from orchestrator.model import Cell, Isolation, Machine, Plan, Platform, Reason, Status, Unavailable
from orchestrator.plan import group_batches
from orchestrator.providers import Provider
from orchestrator.providers.emulated import EmulatedProvider
from orchestrator.providers.local import LocalProvider
from orchestrator.providers.mask import MaskProvider
from orchestrator.shell.container import LABEL, ContainerShell, leftovers, remove
from orchestrator.shell.job import Ended, JobShell
from orchestrator.shell.process import ProcessShell, probe
from orchestrator.store.ingest import Origin, not_observed, take_in
from orchestrator.store.records import Record
from orchestrator.store.run import RunFolder, is_being_written

Tell = Callable[[dict[str, Any]], None]
"""Receives one event at a time: ``{"event": name, …}``, as in docs/formats.md, section 6."""


class Campaign:
    """The steps of a run, in the order ``pipeline.run`` takes them."""

    def __init__(
        self, plan: Plan, folder: RunFolder, isolation: Isolation, tell: Tell, stop: Event
    ) -> None:
        self._plan, self._folder, self._tell, self._stop = plan, folder, tell, stop
        self._asked = isolation
        self._limits = plan.experiment.limits
        hours = self._limits.hours
        self._wall = None if hours is None else time.time() + hours * 3600
        self._client: docker.DockerClient | None = None
        self._images: dict[tuple[str, str], Image | Reason] = {}
        self._machines: dict[str, Machine | Reason] = {}
        self._providers: dict[str, Provider] = {}

    @property
    def _label(self) -> str:
        """What containers are labelled with: unique over all stores of this computer."""
        return str(self._folder.path.resolve())

    def clear_leftovers(self) -> None:
        """End what a killed call left running, and take in what it had observed."""
        self._client = self._engine()
        if self._client is not None:
            for left in leftovers(self._client):
                run = left.labels[LABEL]
                # Of this run, or of another whose process is gone: nobody waits for it.
                if run == self._label or not is_being_written(Path(run)):
                    remove(left)
        everything = {c.id: (c, tuple(range(c.observe.sessions))) for c in self._plan.cells}
        for work in self._folder.leftovers():
            origin = Origin.read(work)
            if origin is not None:
                take_in(self._folder, work / "out", everything, origin, silence=None)
            self._folder.drop_work(work)

    def prepare(self) -> None:
        """Make what the missing cells need: machines first, then images for what can run."""
        cells = [cell for cell, _ in self._missing()]
        self._make_providers(cells)
        if self._client is None:
            return
        wanted = sorted({_image_of(cell) for cell in cells if self._obstacle(cell) is None})
        if not self._build_images(wanted):
            # One run has one isolation, or its classes could differ by that alone.
            self._client, self._images, self._machines = None, {}, {}
            self._make_providers(cells)

    def skip_what_cannot_be(self) -> list[Record]:
        """Store a ``skipped`` row for every session that no machine or image can be had for."""
        records: list[Record] = []
        for cell, sessions in self._missing():
            reason = self._obstacle(cell)
            if reason is None:
                continue
            records += not_observed(self._folder, cell, sessions, Status.SKIPPED.value, reason)
            self._tell(
                {
                    "event": "skipped",
                    "platform": cell.platform.name,
                    "framework": cell.variant.framework,
                    "reason": reason.message,
                }
            )
        return records

    def jobs(self) -> Iterator[Job]:
        """What is left to compute, as one job per platform and framework."""
        missing = dict(self._missing_by_id())
        jobs = []
        for batch in group_batches(tuple(cell for cell, _ in missing.values())):
            cells = tuple(missing[c.id] for c in batch.cells if self._obstacle(c) is None)
            machine = self._machine(batch.platform)
            if cells and isinstance(machine, Machine):
                jobs.append(Job(machine, batch.framework, cells))
        self._tell({"event": "jobs", "jobs": {job.title: job.sessions for job in jobs}})
        yield from jobs

    def run_job(self, job: Job) -> list[Record]:
        """Run one job and store what it observed; returns its records."""
        self._tell({"event": "started", "job": job.title})
        deadline = time.time() + job.seconds(self._limits)
        deadline = deadline if self._wall is None else min(deadline, self._wall)
        work = self._folder.work(job.name)
        image = self._images.get((job.framework, job.machine.architecture))
        origin = self._origin(job.machine, image if isinstance(image, Image) else None)
        origin.write(work)
        write_job(job, work / "job", self._limits, deadline)
        (work / "out").mkdir(exist_ok=True)
        ended = self._shell(job, deadline).run(
            work / "job",
            work / "out",
            on_line=lambda line: self._tell({**_event_of(line), "job": job.title}),
            stop=self._stop,
        )
        asked = {cell.id: (cell, sessions) for cell, sessions in job.cells}
        silence = None if ended.interrupted else _silence(ended)
        records = take_in(self._folder, work / "out", asked, origin, silence)
        self._folder.drop_work(work)
        bad = sum(record["status"] != "ok" for record in records)
        self._tell({"event": "ended", "job": job.title, "sessions": len(records), "not_ok": bad})
        return records

    def sweep(self) -> None:
        """Confirm that no container of this run is left. Raises ``MachinesLeft``."""
        if self._client is not None:
            left = leftovers(self._client, self._label)
            if left:
                names = ", ".join(str(c.short_id) for c in left)
                raise MachinesLeft(f"containers {names} are left; remove them with docker rm -f")
        self._folder.drop_work()
        self._tell({"event": "swept", "left": 0})

    def out_of_time(self) -> bool:
        """Whether the wall time that ``limits: hours`` allows is over."""
        return self._wall is not None and time.time() > self._wall

    # -- parts ------------------------------------------------------------------------------

    def _engine(self) -> docker.DockerClient | None:
        if self._asked is Isolation.PROCESS:
            return None
        try:
            return connect()
        except EnvironmentNotReady as error:
            if self._asked is Isolation.DOCKER:
                raise
            self._tell({"event": "note", "text": f"running as processes: {error}"})
            return None

    def _make_providers(self, cells: list[Cell]) -> None:
        isolation = Isolation.PROCESS if self._client is None else Isolation.DOCKER
        wanted = {cell.platform.provider for cell in cells}
        host = probe() if wanted & {"mask", "emulated"} else {"cpu": {}}
        self._providers = {
            "local": LocalProvider(_architecture()),
            "mask": MaskProvider(
                host["cpu"].get("flags") or (),
                {cell.variant.framework for cell in cells},
                catalog.mask_environment,
                catalog.required_flag,
            ),
            "emulated": EmulatedProvider(isolation, str(host["cpu"].get("architecture"))),
        }

    def _build_images(self, wanted: list[tuple[str, str]]) -> bool:
        """Whether to go on with containers: not where isolation is ``auto`` and a build fails."""
        assert self._client is not None  # noqa: S101 - for the type checker
        builder = ImageBuilder(
            self._client, lambda text: self._tell({"event": "note", "text": text})
        )
        for framework, architecture in wanted:
            try:
                self._images[framework, architecture] = builder.ensure(framework, architecture)
            except EnvironmentNotReady as error:
                if self._asked is Isolation.AUTO and architecture == _architecture():
                    self._tell({"event": "note", "text": f"running as processes: {error}"})
                    return False
                self._images[framework, architecture] = Reason("no-image", str(error))
        return True

    def _missing(self) -> tuple[tuple[Cell, tuple[int, ...]], ...]:
        return missing_sessions(self._plan.cells, self._folder.sessions_done())

    def _missing_by_id(self) -> Iterator[tuple[str, tuple[Cell, tuple[int, ...]]]]:
        return ((cell.id, (cell, sessions)) for cell, sessions in self._missing())

    def _obstacle(self, cell: Cell) -> Reason | None:
        machine, framework = self._machine(cell.platform), cell.variant.framework
        if isinstance(machine, Reason):
            return machine
        if machine.environment(framework) is None:
            return Reason("no-switch", f"{framework} has no switch for level {machine.masked}")
        image = self._images.get((framework, machine.architecture))
        return image if isinstance(image, Reason) else None

    def _machine(self, asked: Platform) -> Machine | Reason:
        known = self._machines.get(asked.id)
        if known is None:
            known = self._machines[asked.id] = self._launch(asked)
        return known

    def _launch(self, asked: Platform) -> Machine | Reason:
        provider = self._providers.get(asked.provider)
        if provider is None:
            return Reason("not-available-yet", f"provider {asked.provider} is not available yet")
        try:
            return provider.wait(provider.launch(asked, self._folder.name))
        except Unavailable as error:
            return error.reason

    def _origin(self, machine: Machine, image: Image | None) -> Origin:
        return Origin(
            machine=machine.id,
            isolation="process" if image is None else "docker",
            emulated=machine.emulated,
            masked=machine.masked,
            image=None if image is None else (image.reference, image.digest),
        )

    def _shell(self, job: Job, deadline: float) -> JobShell:
        image = self._images.get((job.framework, job.machine.architecture))
        if self._client is None or not isinstance(image, Image):
            return ProcessShell()
        return ContainerShell(
            self._client,
            # By digest: a tag could be moved while we run.
            image.digest,
            self._label,
            memory_bytes=self._limits.memory_bytes,
            deadline=deadline,
        )


def _image_of(cell: Cell) -> tuple[str, str]:
    """(framework, architecture) of the image a cell needs."""
    return cell.variant.framework, str(cell.platform.get("arch") or _architecture())


def _architecture() -> str:
    """This computer's architecture, by the name that images go by."""
    return "arm64" if platform.machine() in ("aarch64", "arm64") else platform.machine()


def _event_of(line: str) -> dict[str, Any]:
    """A runner's progress line as an event; anything else it prints as a note."""
    try:
        event = json.loads(line)
    except ValueError:
        event = None
    if isinstance(event, dict) and event.get("event") == "session":
        return event
    return {"event": "note", "text": line[:500]}


def _silence(ended: Ended) -> Reason:
    """Why a session that the runner was asked for is not in its output."""
    if ended.code == 0:
        return Reason("not-reported", "the runner ended well but did not report this session")
    how = f"signal {-ended.code}" if ended.code < 0 else f"exit code {ended.code}"
    return Reason("runner-died", f"the runner ended early ({how})", ended.stderr)
