"""From a platform to a machine that is up: place after place, until one gives it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from orchestrator.fleet.asking import INTERRUPTED, Asking, Unanswered
from orchestrator.fleet.budget import Budget
from orchestrator.fleet.placement import Candidates
from orchestrator.fleet.clock import Clock
from orchestrator.fleet.task import Flight, Phase
from orchestrator.fleet.holding import Held, Holding
from orchestrator.fleet.intents import Outcome
from orchestrator.fleet.journal import Journal
from orchestrator.fleet.leases import Leases, launch_share, machine_share
from orchestrator.fleet.limits import Patience
from orchestrator.fleet.capacity import Lease, Slots
from orchestrator.model.machine import (
    HostKey,
    Order,
    Place,
    Provider,
    Refusal,
    Refused,
    Unavailable,
)
from orchestrator.model.experiment import Platform, Reason


class NoMachine(Exception):  # noqa: N818 - a value more than an error: it becomes a row
    """No machine for this platform; ``reason`` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.message)
        self.reason = reason


@dataclass(frozen=True)
class Terms:
    """What is the same in every order of a run."""

    run: str
    """The run's tag."""
    owner: str = ""
    login_key: str = ""
    new_host_key: Callable[[], HostKey | None] = lambda: None
    lifetime: Callable[[Platform], float | None] = lambda _: None
    """Seconds from the order to the machine's own end; ``None``: ``Patience.lifetime``."""


@dataclass(frozen=True)
class Obtainer:
    """Gets machines; every order is written down before it is given."""

    terms: Terms
    journal: Journal
    providers: Mapping[str, Provider]
    slots: Slots
    budget: Budget
    asking: Asking
    holding: Holding
    clock: Clock
    patience: Patience
    closed: dict[str, str] = field(default_factory=dict)
    """Providers that denied us, with what they said; they are not asked again."""

    def obtain(self, flight: Flight, candidates: Candidates) -> Held:
        """A machine of the flight's platform that is up.

        Raises ``NoMachine`` when there is no place left, or the flight was told to stop.
        """
        provider = flight.platform.provider
        while (place := candidates.next()) is not None:
            flight.enter(Phase.QUEUE, place)
            with Leases(self.slots) as leases:
                lease = leases.take(machine_share(provider, place))
                permit = leases.take(launch_share(provider, place))
                if lease is None or permit is None or flight.stop.is_set():
                    break
                # Asked with the slots in hand: what happened while waiting for them counts.
                objection = self.budget.objection(place)
                if objection is not None:
                    candidates.unfit(place, objection)
                elif provider in self.closed:
                    candidates.refused(place, Refusal.DENIED, self.closed[provider])
                else:
                    held = self._in_place(flight, candidates, place, leases, lease, permit)
                    if held is not None:
                        return held
            if flight.stop.is_set():
                break
        raise NoMachine(INTERRUPTED if place is not None else candidates.reason())

    # -- one place --------------------------------------------------------------------------

    def _in_place(
        self,
        flight: Flight,
        candidates: Candidates,
        place: Place,
        leases: Leases,
        lease: Lease,
        permit: Lease,
    ) -> Held | None:
        order = self._order(flight.platform, place)
        flight.enter(Phase.LAUNCH, place)
        self.journal.intend(order, self.clock.now())
        call = (order.platform.provider, place.region, "launch")
        provider = self.providers[order.platform.provider]
        try:
            machine = self.asking.ask(flight, place, call, lambda: provider.launch(order))
        except Unanswered as silence:
            if not self._resolved(order):
                leases.keep(lease)
            self._note(flight, candidates, place, silence.last)
            return None
        except Unavailable as refusal:
            self.journal.ended(order.token, Outcome.REFUSED, _text(refusal), self.clock.now())
            self._note(flight, candidates, place, refusal)
            return None
        leases.keep(lease)
        permit.end()
        held = Held(machine, order, lease)
        flight.hold(held)
        return held if self._is_up(flight, candidates, held) else None

    def _is_up(self, flight: Flight, candidates: Candidates, held: Held) -> bool:
        """Wait for the machine; one that doesn't come up is released here."""
        place, machine, token = held.order.place, held.machine, held.order.token
        provider = self.providers[machine.platform.provider]
        call = (machine.platform.provider, place.region, "wait")
        why, up = "an error of ours", False
        try:
            # Before this line a killed run finds the machine by its token, after it by its id too.
            self.journal.launched(token, machine.id, self.clock.now())
            flight.enter(Phase.BOOT, place, machine.id)
            held.machine = self.asking.ask(flight, place, call, lambda: provider.wait(machine))
            self.journal.reachable(token, self.clock.now())
            why, up = INTERRUPTED.code, not flight.stop.is_set()
        except Unanswered as silence:
            why = _text(silence.last)
            self._note(flight, candidates, place, silence.last)
        except Unavailable as refusal:
            why = _text(refusal)
            self._note(flight, candidates, place, refusal)
        finally:
            if not up:
                self.holding.release(held, why)
                flight.drop()
        return up

    def _order(self, platform: Platform, place: Place) -> Order:
        terms, now = self.terms, self.clock.now()
        return Order(
            run=terms.run,
            platform=platform,
            attempt=self.journal.next_attempt(platform),
            place=place,
            owner=terms.owner,
            expires=now + (terms.lifetime(platform) or self.patience.lifetime),
            login_key=terms.login_key,
            host_key=terms.new_host_key(),
        )

    # -- how it ended -----------------------------------------------------------------------

    def _resolved(self, order: Order) -> bool:
        """Look for what an unanswered order made, and end it. False: a machine may be left.

        Found or not, the intent stays open unless an end was confirmed: what is not seen yet may
        still appear, and the sweep at the end of the run looks again, later.
        """
        try:
            found = self.holding.ending.find(order.platform.provider, order.run)
        except Unavailable:
            return False
        for machine in found:
            if machine.token == order.token:
                self.journal.launched(order.token, machine.id, self.clock.now())
                if self.holding.ending.end(machine) is not None:
                    return False
                why = "the reply to the order was lost"
                self.journal.ended(order.token, Outcome.RELEASED, why, self.clock.now())
        return True

    def _note(
        self, flight: Flight, candidates: Candidates, place: Place, refusal: Unavailable
    ) -> None:
        if refusal.reason == INTERRUPTED:
            return
        if isinstance(refusal, Refused):
            if refusal.kind is Refusal.DENIED:
                self.closed.setdefault(flight.platform.provider, str(refusal))
            candidates.refused(place, refusal.kind, str(refusal))
        else:
            candidates.unfit(place, refusal.reason)
        flight.say("refused", place, text=_text(refusal))


def _text(refusal: Unavailable) -> str:
    return f"{refusal.reason.code}: {refusal}"
