"""From a platform to a machine that is up: offer after offer, until one is filled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from orchestrator.fleet.budget import Budget
from orchestrator.fleet.capacity import (
    CappedSemaphore,
    Permit,
    Permits,
    launch_share,
    machine_share,
)
from orchestrator.fleet.clock import Clock
from orchestrator.fleet.journal import Journal, Outcome
from orchestrator.fleet.limits import Timeouts
from orchestrator.fleet.placement import Placement
from orchestrator.fleet.release import Lease, Releaser
from orchestrator.fleet.retry import INTERRUPTED, Answer, Call, Retrier
from orchestrator.fleet.task import Phase, Task
from orchestrator.model.events import MachineState
from orchestrator.model.experiment import Platform, Reason
from orchestrator.model.machine import (
    HostKey,
    Offer,
    Order,
    Provider,
    ProviderError,
    ProviderErrorKind,
    Unavailable,
)

AGAIN = frozenset({ProviderErrorKind.THROTTLED, ProviderErrorKind.UNCERTAIN})
"""Errors after which the same order is sent again; after all others the next offer is tried."""


class ProvisioningFailed(Exception):  # noqa: N818 - a value more than an error: it becomes a row
    """No machine for this platform; ``reason`` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.message)
        self.reason = reason


class Unanswered(Exception):  # noqa: N818 - a value more than an error
    """No clear answer in time: a machine may have been made. ``last``: the last error."""

    def __init__(self, last: ProviderError) -> None:
        super().__init__(str(last))
        self.last = last


@dataclass(frozen=True)
class LaunchTemplate:
    """What is the same in every order of a run."""

    run: str
    """The run's tag."""
    owner: str = ""
    """The person's tag, so that others do not end these machines."""
    login_key: str = ""
    """The public key that may log in, as a line of ``authorized_keys``."""
    new_host_key: Callable[[], HostKey | None] = lambda: None
    lifetime: Callable[[Platform], float | None] = lambda _: None
    """Seconds from the order until the machine ends itself; ``None``: ``Timeouts.lifetime``."""


@dataclass(frozen=True)
class Provisioner:
    """Orders machines. Every order is in the journal before it is sent."""

    template: LaunchTemplate
    journal: Journal
    providers: Mapping[str, Provider]
    semaphore: CappedSemaphore
    budget: Budget
    retrier: Retrier
    releaser: Releaser
    clock: Clock
    timeouts: Timeouts
    closed: dict[str, str] = field(default_factory=dict)
    """Providers that refused our credentials, with their message; they get no further order."""

    def provision(self, task: Task, placement: Placement) -> Lease:
        """A machine of the task's platform that is up.

        Raises ``ProvisioningFailed`` when no offer is left, or when the task has to stop.
        """
        provider = task.platform.provider
        while (offer := placement.next()) is not None:
            task.enter(Phase.QUEUE, offer)
            with Permits(self.semaphore) as permits:
                machine_permit = permits.take(machine_share(provider, offer))
                launch_permit = permits.take(launch_share(provider, offer))
                if machine_permit is None or launch_permit is None or task.stop.is_set():
                    break
                # Checked after waiting for the permits: money may have been spent meanwhile.
                objection = self.budget.objection(offer)
                if objection is not None:
                    placement.unfit(offer, objection)
                elif provider in self.closed:
                    placement.refused(offer, ProviderErrorKind.DENIED, self.closed[provider])
                else:
                    lease = self._from_offer(
                        task, placement, offer, permits, machine_permit, launch_permit
                    )
                    if lease is not None:
                        return lease
            if task.stop.is_set():
                break
        raise ProvisioningFailed(INTERRUPTED if offer is not None else placement.reason())

    # -- one offer --------------------------------------------------------------------------

    def _from_offer(
        self,
        task: Task,
        placement: Placement,
        offer: Offer,
        permits: Permits,
        machine_permit: Permit,
        launch_permit: Permit,
    ) -> Lease | None:
        order = self._order(task.platform, offer)
        task.enter(Phase.LAUNCH, offer)
        self.journal.intend(order, self.clock.now())
        call = (order.platform.provider, offer.region, "launch")
        provider = self.providers[order.platform.provider]
        try:
            machine = self._call(task, offer, call, lambda: provider.launch(order))
        except Unanswered as error:
            if not self._resolved(order):
                permits.keep(machine_permit)
            self._note(task, placement, offer, error.last)
            return None
        except Unavailable as refusal:
            self.journal.ended(order.token, Outcome.REFUSED, _text(refusal), self.clock.now())
            self._note(task, placement, offer, refusal)
            return None
        permits.keep(machine_permit)
        launch_permit.end()
        lease = Lease(machine, order, machine_permit)
        task.hold(lease)
        return lease if self._is_up(task, placement, lease) else None

    def _is_up(self, task: Task, placement: Placement, lease: Lease) -> bool:
        """Wait until the machine is up; if it does not come up, release it."""
        offer, machine, token = lease.order.offer, lease.machine, lease.order.token
        provider = self.providers[machine.platform.provider]
        call = (machine.platform.provider, offer.region, "wait")
        why, up = "unexpected error", False
        try:
            # A run killed before this line finds the machine by its token, after it by its id too.
            self.journal.launched(token, machine.id, self.clock.now())
            task.enter(Phase.BOOT, offer, machine.id)
            lease.machine = self._call(task, offer, call, lambda: provider.wait(machine))
            self.journal.reachable(token, self.clock.now())
            why, up = INTERRUPTED.code, not task.stop.is_set()
        except Unanswered as error:
            why = _text(error.last)
            self._note(task, placement, offer, error.last)
        except Unavailable as refusal:
            why = _text(refusal)
            self._note(task, placement, offer, refusal)
        finally:
            if not up:
                self.releaser.release(lease, why, self.journal)
                task.drop()
        return up

    def _call(self, task: Task, offer: Offer, call: Call, action: Callable[[], Answer]) -> Answer:
        """The answer of ``action``, with retries.

        Raises ``Unavailable``, or ``Unanswered`` where one of the calls may have gone through.
        """
        uncertain: list[ProviderError] = []

        def on_again(refusal: ProviderError) -> None:
            if refusal.kind is ProviderErrorKind.UNCERTAIN:
                uncertain.append(refusal)
            task.say(MachineState.AGAIN, offer, text=f"{refusal.kind.value}: {refusal}")

        try:
            return self.retrier.run(
                call,
                action,
                self.timeouts.launch,
                again=AGAIN,
                stop=task.stop,
                on_again=on_again,
            )
        except ProviderError as refusal:
            if uncertain or refusal.kind is ProviderErrorKind.UNCERTAIN:
                raise Unanswered(refusal) from refusal
            raise
        except Unavailable as error:
            if uncertain:
                raise Unanswered(uncertain[-1]) from error
            raise

    def _order(self, platform: Platform, offer: Offer) -> Order:
        template, now = self.template, self.clock.now()
        return Order(
            run=template.run,
            platform=platform,
            attempt=self.journal.next_attempt(platform),
            offer=offer,
            owner=template.owner,
            expires=now + (template.lifetime(platform) or self.timeouts.lifetime),
            login_key=template.login_key,
            host_key=template.new_host_key(),
        )

    # -- how it ended -----------------------------------------------------------------------

    def _resolved(self, order: Order) -> bool:
        """Find the machine that an unanswered order made, and end it. False: it may be left.

        The intent stays open unless an end is confirmed: the machine may be listed later, and the
        cleanup at the end of the run searches again.
        """
        try:
            found = self.releaser.find(order.platform.provider, order.run)
        except Unavailable:
            return False
        for machine in found:
            if machine.token == order.token:
                self.journal.launched(order.token, machine.id, self.clock.now())
                if self.releaser.end(machine) is not None:
                    return False
                why = "the reply to the order was lost"
                self.journal.ended(order.token, Outcome.RELEASED, why, self.clock.now())
        return True

    def _note(self, task: Task, placement: Placement, offer: Offer, refusal: Unavailable) -> None:
        if refusal.reason == INTERRUPTED:
            return
        if isinstance(refusal, ProviderError):
            if refusal.kind is ProviderErrorKind.DENIED:
                self.closed.setdefault(task.platform.provider, str(refusal))
            placement.refused(offer, refusal.kind, str(refusal))
        else:
            placement.unfit(offer, refusal.reason)
        task.say(MachineState.REFUSED, offer, text=_text(refusal))


def _text(refusal: Unavailable) -> str:
    return f"{refusal.reason.code}: {refusal}"
