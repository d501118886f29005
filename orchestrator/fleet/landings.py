"""Where the threads of all flights hand over what they bring home."""

from __future__ import annotations

import queue
from collections.abc import Sequence
from typing import Generic

from orchestrator.fleet.task import Flight
from orchestrator.fleet.attempts import Result, Served


class Landings(Generic[Result]):
    """Who is under way, and who has come home since one looked last."""

    def __init__(self, flights: Sequence[Flight]) -> None:
        self._flights = {id(flight): flight for flight in flights}
        self._queue: queue.SimpleQueue[tuple[Flight, Served[Result] | BaseException]] = (
            queue.SimpleQueue()
        )

    @property
    def under_way(self) -> tuple[Flight, ...]:
        """Those that have not landed."""
        return tuple(self._flights.values())

    def add(self, flight: Flight, served: Served[Result] | BaseException) -> None:
        """Called by any thread. A flight's first landing counts."""
        self._queue.put((flight, served))

    def next(self, seconds: float) -> Served[Result] | None:
        """The next to land, within ``seconds``. Raises what its work raised."""
        try:
            flight, served = self._queue.get(timeout=seconds)
        except queue.Empty:
            return None
        if self._flights.pop(id(flight), None) is None:
            return None
        if isinstance(served, BaseException):
            raise served
        return served
