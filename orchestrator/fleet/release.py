"""Ending machines and looking for them, repeatedly where that may help."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from orchestrator.fleet.retry import Backoff, Call
from orchestrator.fleet.clock import Clock
from orchestrator.fleet.limits import Patience
from orchestrator.model.machine import Machine, Provider, Refusal, Refused, Unavailable

Answer = TypeVar("Answer")

HOPELESS = frozenset({Refusal.DENIED, Refusal.INVALID, Refusal.GONE})
"""Answers that repeating will not change."""


class Ending:
    """What stops for no signal: a machine that was begun is ended."""

    def __init__(
        self,
        providers: Mapping[str, Provider],
        backoff: Backoff,
        clock: Clock,
        patience: Patience,
    ) -> None:
        self._providers = providers
        self._backoff = backoff
        self._clock = clock
        self._patience = patience

    def end(self, machine: Machine) -> str | None:
        """Release ``machine``; why it could not be confirmed, or ``None``."""
        name = machine.platform.provider
        provider = self._providers[name]
        try:
            call = (name, machine.place.region, "release")
            self._ask(call, lambda: provider.release(machine), self._patience.release)
        except Refused as error:
            return None if error.kind is Refusal.GONE else f"{error.kind.value}: {error}"
        except Unavailable as error:
            return f"{error.reason.code}: {error}"
        return None

    def find(self, name: str, run: str) -> Sequence[Machine]:
        """What the provider has of ``run``. Raises ``Refused`` when it can't be told."""
        provider = self._providers[name]
        return self._ask((name, None, "find"), lambda: provider.find(run), self._patience.settle)

    def tidy(self, name: str, run: str) -> str | None:
        """Have the provider remove what only served the run's machines; why it couldn't."""
        provider = self._providers[name]
        try:
            self._ask((name, None, "tidy"), lambda: provider.tidy(run), self._patience.release)
        except Unavailable as error:
            return f"{name}: {error}"
        return None

    def _ask(self, call: Call, question: Callable[[], Answer], seconds: float) -> Answer:
        deadline = self._clock.now() + seconds
        repetition = 0
        while True:
            began = self._backoff.turn(call)
            try:
                answer = question()
            except Refused as error:
                if error.kind is Refusal.THROTTLED:
                    self._backoff.throttled(call, began, error.retry_after)
                delay = self._backoff.delay(repetition, error.retry_after)
                repetition += 1
                if error.kind in HOPELESS or self._clock.now() + delay > deadline:
                    raise
                self._clock.sleep(delay)
            else:
                self._backoff.succeeded(call)
                return answer
