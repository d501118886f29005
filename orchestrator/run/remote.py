"""The half of a run that is on machines far away: SSH hosts and rented ones."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from threading import Event

from orchestrator.errors import EnvironmentNotReady, MachinesLeft
from orchestrator.fleet.attempts import TaskResult
from orchestrator.fleet.cleanup import Cleanup
from orchestrator.fleet.clock import RealClock
from orchestrator.fleet.journal import Journal
from orchestrator.fleet.limits import FleetLimits
from orchestrator.fleet.provision import LaunchTemplate
from orchestrator.fleet.retry import INTERRUPTED
from orchestrator.fleet.scheduler import Fleet
from orchestrator.images.cache import ImageCache
from orchestrator.images.remote import ImageDistributor
from orchestrator.model.experiment import Platform, Reason, Status
from orchestrator.model.machine import (
    Machine,
    Provider,
    ProviderError,
    ProviderErrorKind,
    Unavailable,
)
from orchestrator.plan.cost import estimates, total
from orchestrator.providers.registry import RENTED, far_provider, owner
from orchestrator.run.context import Context, by_platform
from orchestrator.run.execute import record_skipped
from orchestrator.run.job import START_SECONDS
from orchestrator.run.lock import LiveRun
from orchestrator.run.remote_worker import RemoteWorker
from orchestrator.ssh.login_keys import LoginKey, forget, login_key, new_host_key
from orchestrator.store.records import Record

HALF_HOUR = 1800.0
"""From the order to the first session, at most: boot, connection, image."""
LONGEST = 24 * 3600.0
"""No machine lives longer, whatever its jobs may take."""

SKIPPED = frozenset({"denied", "invalid", "no-engine", "no-image", "no-place", "not-installed"})
"""Reasons that a later run changes nothing about; everything else is ``failed`` and tried again."""


class RemoteRun:
    """The steps of a run far away, in the order ``pipeline.run`` takes them; a context manager."""

    def __init__(self, context: Context, image_cache: ImageCache | None) -> None:
        self._context = context
        self._pending = by_platform(context.pending(here=False))
        """By the platform's id, in the order of the plan."""
        self._path = context.folder.path / "journal.sqlite"
        self._images = ImageDistributor(image_cache, context.registry, context.note)
        self._providers: dict[str, Provider] = {}
        self._closed: dict[str, Reason] = {}
        self._left: dict[str, str] = {}
        self._journal: Journal | None = None
        self._fleet: Fleet | None = None
        self._key: LoginKey | None = None
        self._live: LiveRun | None = None

    def __enter__(self) -> RemoteRun:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Clean up after an error too; an error of the cleanup is the more serious one."""
        try:
            if kind is not None and not issubclass(kind, MachinesLeft):
                self.cleanup()
        finally:
            if self._journal is not None:
                self._journal.close()
            if self._live is not None:
                self._live.close()

    @property
    def over_budget(self) -> str | None:
        """Which limit ended it before its work was done."""
        return None if self._fleet is None else self._fleet.over_limit

    def recover(self) -> None:
        """End what a killed call of this run left at any provider. Raises ``MachinesLeft``."""
        if not self._pending and not self._path.exists():
            return
        self._journal = Journal(self._path)
        asked = {group[0][0].platform.provider for group in self._pending.values()}
        # Where all machines of a killed call are ended, what they shared may still be there.
        ended = self._context.folder.ended_well()
        known = self._journal.open_intents() if ended else self._journal.intents()
        asked |= {intent.provider for intent in known}
        for name in sorted(asked):
            try:
                self._providers[name] = far_provider(name)
            except EnvironmentNotReady as error:
                self._closed[name] = Reason("not-installed", str(error))
        tag = self._context.folder.tag
        self._live = LiveRun(tag)
        self._key = login_key(tag)
        self._fleet = Fleet(
            self._journal,
            self._providers,
            self._limits(),
            LaunchTemplate(tag, owner(), self._key.public, new_host_key, self._lifetime),
            RealClock(),
            self._context.tell,
            self._context.stop,
            self._context.abort,
        )
        self._fleet.recover()

    def run(self) -> list[Record]:
        """Observe all that is missing far away; returns the records."""
        records: list[Record] = []
        served: list[Platform] = []
        for group in self._pending.values():
            platform = group[0][0].platform
            closed = self._closed.get(platform.provider)
            if closed is None and self._fleet is not None:
                closed = self._images.prepare(group)
            if closed is None:
                served.append(platform)
            else:
                records += self._skip(platform, closed)
        if not served or self._fleet is None:
            return records
        worker = RemoteWorker(self._context, self._images, self._gone, self._left)
        for result in self._fleet.run(served, partial(self._work, worker)):
            records += self._records_of(result)
        return records

    def cleanup(self) -> Cleanup | None:
        """Confirm that nothing is left at any provider. Raises ``MachinesLeft``."""
        if self._fleet is None or self._journal is None:
            return None
        asked = [cell for pending in self._pending.values() for cell, _ in pending]
        done = {c.id: c.observe.sessions - len(s) for m in self._pending.values() for c, s in m}
        swept = self._fleet.cleanup(total(estimates(asked, done)).cost)
        for text in swept.untidy:
            self._context.note(f"still there, and free of charge: {text}")
        forget(self._context.folder.tag)
        if self._left:
            raise MachinesLeft("\n".join(self._left.values()))
        return swept

    # -- parts ------------------------------------------------------------------------------

    def _work(self, worker: RemoteWorker, machine: Machine, stop: Event) -> list[Record]:
        """The fleet's call for each machine that is up."""
        if machine.platform.provider in RENTED and machine.address and self._key:
            address = replace(machine.address, identity=str(self._key.path))
            machine = replace(machine, address=address)
        return worker.run(machine, stop)

    def _gone(self, machine: Machine) -> str | None:
        """Why the provider says that ``machine`` is no more; ``None``: it does not say so."""
        try:
            self._providers[machine.platform.provider].wait(machine)
        except Unavailable as error:
            over = isinstance(error, ProviderError) and error.kind is ProviderErrorKind.GONE
            return str(error) if over else None
        return None

    def _records_of(self, served: TaskResult[list[Record]]) -> list[Record]:
        interrupted = self._context.stop.is_set()
        if served.reason is None or interrupted or served.reason.code == INTERRUPTED.code:
            # Sessions of an interrupted run stay open: nothing says that they cannot be had.
            return served.result or []
        return self._skip(served.platform, served.reason)

    def _skip(self, platform: Platform, reason: Reason) -> list[Record]:
        pending = self._context.pending_of(platform)
        return record_skipped(self._context, pending, _status(reason), reason)

    def _limits(self) -> FleetLimits:
        limits = self._context.limits
        return FleetLimits(
            cost=limits.cost,
            cost_per_hour=limits.cost_per_hour,
            machines=limits.machines,
            machines_per_region=limits.machines_per_region,
            attempts=limits.attempts,
            wall=self._context.wall,
        )

    def _lifetime(self, platform: Platform) -> float:
        """Seconds that a machine may live: its jobs at their limits, and half an hour to begin."""
        limits = self._context.limits
        pending = self._pending[platform.id]
        work = sum(len(s) * limits.session_seconds + START_SECONDS for _, s in pending)
        return min(HALF_HOUR + work, LONGEST)


def _status(reason: Reason) -> Status:
    if reason.code == "mismatch":
        return Status.MISMATCH
    return Status.SKIPPED if reason.code in SKIPPED else Status.FAILED
