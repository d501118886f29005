"""The part of a run on remote machines: SSH hosts and rented machines."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from threading import Event

from orchestrator import catalog
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
from orchestrator.providers.registry import how_to_end, is_rented, make, owner
from orchestrator.providers.this_computer.registration import this_architecture
from orchestrator.run.context import Context, by_platform
from orchestrator.run.execute import record_skipped
from orchestrator.run.job import START_SECONDS
from orchestrator.run.lock import LiveRun
from orchestrator.run.remote_worker import RemoteWorker
from orchestrator.run.software import doubtful
from orchestrator.ssh.login_keys import LoginKey, forget, login_key, new_host_key
from orchestrator.store.records import Record

SETUP_SECONDS = 1800.0
"""Allowance from the order to the first session: boot, connection, image."""
MAX_LIFETIME = 24 * 3600.0
"""Seconds after which every machine ends itself, even if its jobs would take longer."""

SKIPPED = frozenset({"denied", "invalid", "no-engine", "no-image", "no-place", "not-installed"})
"""Reason codes that are recorded as ``skipped``, since the next run would most likely meet the same
obstacle. Other codes are recorded as ``failed``."""


class RemoteRun:
    """The steps of a run on remote machines, in ``pipeline.run``'s order; a context manager."""

    def __init__(self, context: Context, image_cache: ImageCache | None) -> None:
        self._context = context
        self._learn_software(image_cache)
        self._pending = by_platform(context.pending(here=False))
        """Platform id → its cells with open sessions, in the order of the plan."""
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
        """Clean up after an error too; an error of that cleanup replaces the first one."""
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
        """The limit that ended the work early; ``None``: no limit was reached."""
        return None if self._fleet is None else self._fleet.over_limit

    def recover(self) -> None:
        """End machines that a killed call of this run left. Raises ``MachinesLeft``."""
        if not self._pending and not self._path.exists():
            return
        self._journal = Journal(self._path)
        names = {group[0][0].platform.provider for group in self._pending.values()}
        # After a killed call whose machines have all ended, keys and firewall rules may be left.
        ended = self._context.folder.ended_well()
        known = self._journal.open_intents() if ended else self._journal.intents()
        names |= {intent.provider for intent in known}
        for name in sorted(names):
            try:
                self._providers[name] = make(name)
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
            how_to_end=how_to_end,
        )
        self._fleet.recover()

    def run(self) -> list[Record]:
        """Observe all open sessions of remote platforms; returns their records."""
        records: list[Record] = []
        ready: list[Platform] = []
        for group in self._pending.values():
            platform = group[0][0].platform
            closed = self._closed.get(platform.provider)
            if closed is None and self._fleet is not None:
                closed = self._images.prepare(group)
            if closed is None:
                ready.append(platform)
            else:
                records += self._skip(platform, closed)
        if not ready or self._fleet is None:
            return records
        worker = RemoteWorker(self._context, self._images, self._gone, self._left)
        for result in self._fleet.run(ready, partial(self._work, worker)):
            records += self._records_of(result)
        return records

    def cleanup(self) -> Cleanup | None:
        """Verify that no machine is left at any provider; ``None`` where no fleet was needed.

        Raises ``MachinesLeft``.
        """
        if self._fleet is None or self._journal is None:
            return None
        cells = [cell for pending in self._pending.values() for cell, _ in pending]
        done = {c.id: c.observe.sessions - len(s) for m in self._pending.values() for c, s in m}
        result = self._fleet.cleanup(total(estimates(cells, done)).cost)
        for text in result.untidy:
            self._context.note(f"keys or firewall rules, which cost nothing, may be left: {text}")
        forget(self._context.folder.tag)
        if self._left:
            raise MachinesLeft("\n".join(self._left.values()))
        return result

    # -- parts ------------------------------------------------------------------------------

    def _learn_software(self, image_cache: ImageCache | None) -> None:
        """What computes on rented machines, which have Docker: before one is rented for nothing.

        Other machines are asked when they are reached.
        """
        context = self._context
        if image_cache is None:
            return
        cells = [c for c in context.plan.cells if is_rented(c.platform.provider)]
        for key, cell in doubtful(cells, context.folder.sessions_done()).items():
            architecture = catalog.architecture(cell.platform) or this_architecture()
            found = image_cache.software(cell.variant.installation, architecture)
            if not isinstance(found, Reason):
                context.present.learn(key, found)
        context.note_upgrades(context.pending(here=False))

    def _work(self, worker: RemoteWorker, machine: Machine, stop: Event) -> list[Record]:
        """Called by the fleet for each machine that is up."""
        if is_rented(machine.platform.provider) and machine.address and self._key:
            address = replace(machine.address, identities=(str(self._key.path),))
            machine = replace(machine, address=address)
        return worker.run(machine, stop)

    def _gone(self, machine: Machine) -> str | None:
        """Why the machine has ended, by its provider; ``None``: it did not report an end."""
        try:
            self._providers[machine.platform.provider].wait(machine)
        except Unavailable as error:
            ended = isinstance(error, ProviderError) and error.kind is ProviderErrorKind.GONE
            return str(error) if ended else None
        return None

    def _records_of(self, result: TaskResult[list[Record]]) -> list[Record]:
        interrupted = self._context.stop.is_set()
        if result.reason is None or interrupted or result.reason.code == INTERRUPTED.code:
            # Sessions that an interruption prevented get no record: the next run computes them.
            return result.result or []
        return self._skip(result.platform, result.reason)

    def _skip(self, platform: Platform, reason: Reason) -> list[Record]:
        # What some software computed stands: nothing is known that would compute it anew.
        pending = self._context.never_computed(platform)
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
        """Seconds until the machine ends itself: setup, and all sessions at their limits."""
        limits = self._context.limits
        pending = self._pending[platform.id]
        work = sum(len(s) * limits.session_seconds + START_SECONDS for _, s in pending)
        return min(SETUP_SECONDS + work, MAX_LIFETIME)


def _status(reason: Reason) -> Status:
    if reason.code == "mismatch":
        return Status.MISMATCH
    return Status.SKIPPED if reason.code in SKIPPED else Status.FAILED
