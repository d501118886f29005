"""The same question again while a provider's answer is no answer, ever more slowly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from orchestrator.fleet.retry import Backoff, Call
from orchestrator.fleet.clock import Clock
from orchestrator.fleet.task import Flight
from orchestrator.model.machine import Place, Refusal, Refused, Unavailable
from orchestrator.model.experiment import Reason

Answer = TypeVar("Answer")

AGAIN = frozenset({Refusal.THROTTLED, Refusal.UNCERTAIN})
INTERRUPTED = Reason("interrupted", "the run was ended before the work of this platform was done")


class Unanswered(Exception):  # noqa: N818 - a value more than an error
    """Given up, and nobody knows what an earlier question did; ``last`` is the last answer."""

    def __init__(self, last: Refused) -> None:
        super().__init__(str(last))
        self.last = last


@dataclass(frozen=True)
class Asking:
    """Asks on behalf of flights. ``seconds``: one question with all its repetitions."""

    backoff: Backoff
    clock: Clock
    seconds: float

    def ask(
        self, flight: Flight, place: Place, call: Call, question: Callable[[], Answer]
    ) -> Answer:
        """The answer. Raises the final refusal, ``Unanswered``, or ``interrupted`` when stopped."""
        deadline = self.clock.now() + self.seconds
        uncertain: Refused | None = None
        repetition = 0
        while True:
            began = self.backoff.turn(call, flight.stop)
            if flight.stop.is_set():
                if uncertain is not None:
                    raise Unanswered(uncertain)
                raise Unavailable(INTERRUPTED.code, INTERRUPTED.message)
            try:
                answer = question()
            except Refused as refusal:
                if refusal.kind is Refusal.UNCERTAIN:
                    uncertain = refusal
                elif refusal.kind is Refusal.THROTTLED:
                    self.backoff.throttled(call, began, refusal.retry_after)
                delay = self.backoff.delay(repetition, refusal.retry_after)
                repetition += 1
                if refusal.kind not in AGAIN or self.clock.now() + delay > deadline:
                    if uncertain is not None:
                        raise Unanswered(refusal) from refusal
                    raise
                flight.say("again", place, text=f"{refusal.kind.value}: {refusal}")
                self.clock.sleep(delay, flight.stop)
            else:
                self.backoff.succeeded(call)
                return answer
