"""From a platform to a machine that is up: place after place, until one gives it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from orchestrator.fleet.budget import Budget
from orchestrator.fleet.capacity import Lease, Leases, Slots, launch_share, machine_share
from orchestrator.fleet.clock import Clock
from orchestrator.fleet.journal import Journal, Outcome
from orchestrator.fleet.limits import Patience
from orchestrator.fleet.placement import Candidates
from orchestrator.fleet.release import Held, Releaser
from orchestrator.fleet.retry import INTERRUPTED, Answer, Call, Retrier
from orchestrator.fleet.task import Flight, Phase
from orchestrator.model.experiment import Platform, Reason
from orchestrator.model.machine import (
    HostKey,
    Order,
    Place,
    Provider,
    Refusal,
    Refused,
    Unavailable,
)

AGAIN = frozenset({Refusal.THROTTLED, Refusal.UNCERTAIN})
"""Errors after which the same order is given again; after all others another place is tried."""


class NoMachine(Exception):  # noqa: N818 - a value more than an error: it becomes a row
    """No machine for this platform; ``reason`` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.message)
        self.reason = reason


class Unanswered(Exception):  # noqa: N818 - a value more than an error
    """Given up, and nobody knows what an earlier question did; ``last`` is the last answer."""

    def __init__(self, last: Refused) -> None:
        super().__init__(str(last))
        self.last = last


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
    retrier: Retrier
    releaser: Releaser
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
            machine = self._ask(flight, place, call, lambda: provider.launch(order))
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
            held.machine = self._ask(flight, place, call, lambda: provider.wait(machine))
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
                self.releaser.release(held, why, self.journal)
                flight.drop()
        return up

    def _ask(
        self, flight: Flight, place: Place, call: Call, question: Callable[[], Answer]
    ) -> Answer:
        """The answer. Raises ``Unavailable``, or ``Unanswered`` where an earlier answer was none."""
        uncertain: list[Refused] = []

        def on_again(refusal: Refused) -> None:
            if refusal.kind is Refusal.UNCERTAIN:
                uncertain.append(refusal)
            flight.say("again", place, text=f"{refusal.kind.value}: {refusal}")

        try:
            return self.retrier.ask(
                call,
                question,
                self.patience.launch,
                again=AGAIN,
                stop=flight.stop,
                on_again=on_again,
            )
        except Refused as refusal:
            if uncertain or refusal.kind is Refusal.UNCERTAIN:
                raise Unanswered(refusal) from refusal
            raise
        except Unavailable as error:
            if uncertain:
                raise Unanswered(uncertain[-1]) from error
            raise

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
