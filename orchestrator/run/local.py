"""The part of a run that this computer computes: as it is, masked, or emulating CPUs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from orchestrator import catalog
from orchestrator.errors import EnvironmentNotReady, MachinesLeft
from orchestrator.executors.base import Executor
from orchestrator.executors.compose import ComposeExecutor, compose_text, service, service_name
from orchestrator.executors.container import LABEL, ContainerExecutor, leftovers, remove
from orchestrator.executors.presentation import PresentationFiles, presentation_files
from orchestrator.executors.process import ProcessExecutor, installed_software, probe
from orchestrator.images import Image, ImageBuilder
from orchestrator.images.cache import ImageCache
from orchestrator.model.events import JobsPlanned
from orchestrator.model.experiment import (
    Cell,
    Installation,
    Isolation,
    Platform,
    Reason,
    Status,
)
from orchestrator.model.machine import Machine, Order, Provider, Unavailable
from orchestrator.packages.environments import EnvironmentCache
from orchestrator.packages.requirements import is_default
from orchestrator.plan.cells import group_batches
from orchestrator.providers.registration import Surroundings
from orchestrator.providers.registry import is_here, make
from orchestrator.providers.this_computer.registration import this_architecture
from orchestrator.results.record import SoftwareRecord
from orchestrator.run.context import Context, engine
from orchestrator.run.execute import (
    execute,
    record_not_available,
    record_skipped,
    verify_presented,
)
from orchestrator.run.installed import Installed
from orchestrator.run.job import IN_IMAGE, Job, sessions_of_job
from orchestrator.run.parallel import side_by_side
from orchestrator.run.software import doubtful
from orchestrator.store.ingest import Origin, ingest
from orchestrator.store.records import Record
from orchestrator.store.run_folder import is_being_written, safe_name
from orchestrator.system.files import write_whole


class LocalRun:
    """The steps of a run on this computer, in the order ``pipeline.run`` takes them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._folder = context.folder
        self._client = engine(context.isolation, context.note)
        self._image_cache: ImageCache | None = None
        if self._client is not None:
            self._image_cache = ImageCache(ImageBuilder(self._client, context.note))
        self._environments = EnvironmentCache(context.note)
        self._machines: dict[str, Machine | Reason] = {}
        self._providers: dict[str, Provider] = {}

    @property
    def image_cache(self) -> ImageCache | None:
        """The images of this run; ``None`` without an engine."""
        return self._image_cache

    @property
    def installed(self) -> Installed:
        """What the jobs of this computer run in."""
        return Installed(self._image_cache, self._environments)

    def clear_leftovers(self) -> None:
        """Remove containers that a killed call left, and store what it had observed."""
        if self._client is not None:
            for left in leftovers(self._client):
                if self._may_remove(left.labels[LABEL]):
                    remove(left)
        cells = {cell.id: cell for cell in self._context.plan.cells}
        for work in self._folder.leftovers():
            origin = Origin.read(work)
            if origin is not None:
                # Only the cells of that job count, whatever else its output contains.
                asked = {
                    c: (cells[c], s) for c, s in sessions_of_job(work / "job").items() if c in cells
                }
                ingest(self._folder, work / "out", asked, origin, None, verify_presented(work))
            self._folder.drop_work(work)

    def run(self, at_once: int) -> list[Record]:
        """Compute all pending sessions of this computer, at most ``at_once`` jobs at a time."""
        if not any(is_here(cell.platform.provider) for cell in self._context.plan.cells):
            return []
        not_available = record_not_available(self._context)
        self._prepare([cell for cell, _ in self._context.pending(here=True)])
        self._learn_software()
        self._context.note_upgrades(self._context.pending(here=True))
        records = [*not_available, *self._record_unavailable()]
        stop = self._context.stop
        for ended in side_by_side(self._jobs(), self._run_job, at_once=at_once, stop=stop):
            records += ended
        return records

    def cleanup(self) -> None:
        """Confirm that no container of this run is left here. Raises ``MachinesLeft``."""
        if self._client is None:
            return
        left = leftovers(self._client, self._context.label)
        if left:
            names = ", ".join(str(c.short_id) for c in left)
            raise MachinesLeft(f"containers {names} are left; remove them with docker rm -f")

    # -- parts ------------------------------------------------------------------------------

    def _may_remove(self, run: str) -> bool:
        """Whether the label ``run`` is of this run, or of one whose process has ended."""
        if run == self._context.label:
            return True
        # A label that is no path is the tag of a run that uses this computer through SSH: whether
        # that run still goes on cannot be told here.
        return Path(run).is_absolute() and not is_being_written(Path(run))

    def _prepare(self, cells: list[Cell]) -> None:
        """Make the machines, then the images, that the pending cells need."""
        self._make_providers(cells)
        wanted = {_image_of(cell) for cell in cells if self._why_no_machine(cell) is None}
        if not self._build_images(sorted(wanted, key=str)):
            # All cells of a run have the same isolation, else it could be the cause of classes.
            self._client, self._image_cache, self._machines = None, None, {}
            self._make_providers(cells)

    def _learn_software(self) -> None:
        """Ask what is installed, where the store has sessions that it may have computed."""
        context = self._context
        cells = [cell for cell in context.plan.cells if is_here(cell.platform.provider)]
        for key, cell in doubtful(cells, self._folder.sessions_done()).items():
            found = self._software(cell)
            if isinstance(found, Reason):
                label = cell.variant.installation.label
                context.note(f"{label}: what is stored stands: {found.message}")
                context.present.learn(key, None)
            else:
                context.present.learn(key, found)

    def _software(self, cell: Cell) -> SoftwareRecord | Reason:
        installation, architecture = _image_of(cell)
        if self._image_cache is not None:
            return self._image_cache.software(installation, architecture)
        python = self._environments.get(installation)
        if isinstance(python, Reason):
            return python
        try:
            return installed_software(installation, python)
        except EnvironmentNotReady as error:
            return Reason("not-usable", str(error))

    def _record_unavailable(self) -> list[Record]:
        """Store a ``skipped`` row for every session without a machine or an image."""
        records: list[Record] = []
        lacking: dict[Reason, list[tuple[Cell, tuple[int, ...]]]] = {}
        for cell, sessions in self._context.pending(here=True):
            reason = self._why_not(cell)
            if reason is not None:
                lacking.setdefault(reason, []).append((cell, sessions))
        for reason, pending in lacking.items():
            records += record_skipped(self._context, tuple(pending), Status.SKIPPED, reason)
        return records

    def _jobs(self) -> Iterator[Job]:
        """The pending sessions, as one job per platform and installation."""
        pending = {cell.id: (cell, sessions) for cell, sessions in self._context.pending(here=True)}
        jobs = []
        for batch in group_batches(tuple(cell for cell, _ in pending.values())):
            cells = tuple(pending[c.id] for c in batch.cells if self._why_not(c) is None)
            machine = self._machine(batch.platform)
            if cells and isinstance(machine, Machine):
                jobs.append(Job(machine, batch.installation, cells))
        self._context.tell(JobsPlanned({job.title: job.sessions for job in jobs}))
        if self._context.compose is not None:
            self._write_compose(jobs)
        yield from jobs

    def _write_compose(self, jobs: list[Job]) -> None:
        """All jobs as services of one file, before the first of them is run."""
        services = {}
        for job in jobs:
            image = self._installed(job)
            assert isinstance(image, Image)  # noqa: S101 - a rehearsal has no other isolation
            work = self._folder.path / "work" / safe_name(job.name)
            services[service_name(job.title)] = service(
                image.reference,
                work / "job",
                work / "out",
                run_name=self._context.label,
                memory_bytes=self._context.limits.memory_bytes,
                deadline=time.time() + job.seconds(self._context.limits),
            )
        write_whole(self._compose_file, compose_text(services).encode())

    @property
    def _compose_file(self) -> Path:
        return self._folder.path / "compose.yaml"

    def _run_job(self, job: Job) -> list[Record]:
        """Run one job and store what it observed; returns its records."""
        context = self._context
        deadline = time.time() + job.seconds(context.limits)
        deadline = deadline if context.wall is None else min(deadline, context.wall)
        installed = self._installed(job)
        image = installed if isinstance(installed, Image) else None
        executor = self._executor(job, installed, deadline)
        files = IN_IMAGE
        if job.machine.presented is not None and isinstance(installed, Path):
            found = self._presentation_for(installed)
            assert isinstance(found, PresentationFiles)  # noqa: S101 - other cells are in no job
            files = found
        return execute(context, job, image, executor, deadline, context.stop, files=files)

    def _make_providers(self, cells: list[Cell]) -> None:
        surroundings = Surroundings(
            Isolation.PROCESS if self._client is None else Isolation.DOCKER,
            frozenset(cell.variant.framework for cell in cells),
            cache(probe),
        )
        wanted = {cell.platform.provider for cell in cells}
        self._providers = {name: make(name, surroundings) for name in sorted(wanted)}

    def _build_images(self, wanted: list[tuple[Installation, str]]) -> bool:
        """Whether to use containers: not if isolation is ``auto`` and a build fails.

        A version that is not to be had in an image is no such failure, unless no image can be
        built at all.
        """
        if self._image_cache is None:
            return True
        failed: list[Reason] = []
        mine = [each for each in wanted if each[1] == this_architecture()]
        for installation, architecture in wanted:
            found = self._image_cache.get(installation, architecture)
            if not isinstance(found, Reason) or architecture != this_architecture():
                continue
            failed.append(found)
            hopeless = is_default(installation) or len(failed) == len(mine)
            if hopeless and self._context.isolation is Isolation.AUTO:
                self._context.note(f"running as processes: {found.message}")
                return False
        return True

    def _why_no_machine(self, cell: Cell) -> Reason | None:
        machine = self._machine(cell.platform)
        return machine if isinstance(machine, Reason) else None

    def _why_not(self, cell: Cell) -> Reason | None:
        reason = self._why_no_machine(cell)
        if reason is not None:
            return reason
        found = self.installed.get(*_image_of(cell))
        if isinstance(found, Path) and self._is_presented(cell):
            missing = self._presentation_for(found)
            return missing if isinstance(missing, Reason) else None
        return found if isinstance(found, Reason) else None

    @staticmethod
    def _presentation_for(python: Path) -> PresentationFiles | Reason:
        try:
            return presentation_files(python)
        except EnvironmentNotReady as error:
            return Reason("cannot-present", str(error))

    def _is_presented(self, cell: Cell) -> bool:
        machine = self._machine(cell.platform)
        return isinstance(machine, Machine) and machine.presented is not None

    def _installed(self, job: Job) -> Image | Path:
        found = self.installed.get(job.installation, job.machine.architecture)
        assert not isinstance(found, Reason)  # noqa: S101 - such cells are in no job
        return found

    def _machine(self, asked: Platform) -> Machine | Reason:
        known = self._machines.get(asked.id)
        if known is None:
            known = self._machines[asked.id] = self._launch(asked)
        return known

    def _launch(self, asked: Platform) -> Machine | Reason:
        provider = self._providers[asked.provider]
        try:
            return provider.wait(provider.launch(Order(self._folder.name, asked)))
        except Unavailable as error:
            return error.reason

    def _executor(self, job: Job, installed: Image | Path, deadline: float) -> Executor:
        if self._client is None or isinstance(installed, Path):
            return ProcessExecutor(installed if isinstance(installed, Path) else None)
        if self._context.compose is not None:
            name = service_name(job.title)
            return ComposeExecutor(self._context.compose, self._compose_file, name)
        return ContainerExecutor(
            self._client,
            # The digest, because a tag may be moved to another image while the run goes on.
            installed.digest,
            self._context.label,
            memory_bytes=self._context.limits.memory_bytes,
            deadline=deadline,
        )


def _image_of(cell: Cell) -> tuple[Installation, str]:
    """(installation, architecture) that a cell needs."""
    return cell.variant.installation, catalog.architecture(cell.platform) or this_architecture()
