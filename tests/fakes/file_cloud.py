"""A cloud in a file: its machines outlive the process that ordered them, as real ones do.

It is strict, so that no leak goes unnoticed: a token that is used for other parameters is an error,
and every machine ever made stays on record. ``step`` is called before and after each operation, so
that a test can end the process at any of these points.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.model.experiment import Platform
from orchestrator.model.machine import (
    Address,
    Finding,
    Machine,
    Offer,
    Order,
    ProviderError,
    ProviderErrorKind,
)

PLACES = tuple(
    Offer(region, None, "m5.large", spot, price)
    for region, spot, price in (("a", True, 0.03), ("b", True, 0.04), ("a", False, 0.1))
)
_TABLE = """
CREATE TABLE IF NOT EXISTS machines (
  id INTEGER PRIMARY KEY, token TEXT NOT NULL, parameters TEXT NOT NULL, platform TEXT NOT NULL,
  run TEXT NOT NULL, owner TEXT NOT NULL, region TEXT NOT NULL,
  launched REAL NOT NULL, expires REAL NOT NULL, ended REAL
)
"""


@dataclass(frozen=True)
class Row:
    """The record of one machine, also after its end."""

    id: int
    token: str
    platform: str
    launched: float
    ended: float | None


class FileCloud:
    """A provider. ``faults`` is the share of calls that fail; ``seed`` determines which and how."""

    def __init__(
        self,
        path: Path,
        now: Callable[[], float],
        *,
        seed: int = 0,
        faults: float = 0.0,
        step: Callable[[], None] = lambda: None,
    ) -> None:
        self._path = path
        self._now = now
        self._random = random.Random(seed)
        self._faults = faults
        self._step = step
        self._do(_TABLE)

    def offers(self, platform: Platform) -> Sequence[Offer]:
        return PLACES

    def launch(self, order: Order) -> Machine:
        kind = self._fault(
            ProviderErrorKind.CAPACITY,
            ProviderErrorKind.QUOTA,
            ProviderErrorKind.THROTTLED,
            ProviderErrorKind.UNCERTAIN,
        )
        lost = kind is ProviderErrorKind.UNCERTAIN and self._random.random() < 0.5
        if kind is not None and not lost:
            raise ProviderError(kind, "drawn")
        parameters = repr((order.offer, order.expires, order.host_key))
        self._step()
        rows = self._do(
            "SELECT id, parameters, ended FROM machines WHERE token = ?", (order.token,)
        )
        if not rows:
            self._do(
                "INSERT INTO machines (token, parameters, platform, run, owner, region, launched, "
                "expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    order.token,
                    parameters,
                    order.platform.name,
                    order.run,
                    order.owner,
                    order.offer.region,
                    self._now(),
                    order.expires,
                ),
            )
        elif rows[0][1] != parameters:
            raise ProviderError(ProviderErrorKind.INVALID, "IdempotentParameterMismatch")
        elif rows[0][2] is not None:
            raise ProviderError(ProviderErrorKind.GONE, "this token's machine has ended")
        self._step()
        if lost:
            raise ProviderError(ProviderErrorKind.UNCERTAIN, "drawn, after the machine was made")
        return next(m for m in self.find(order.run) if m.token == order.token)

    def wait(self, machine: Machine) -> Machine:
        self._step()
        kind = self._fault(
            ProviderErrorKind.GONE, ProviderErrorKind.UNREACHABLE, ProviderErrorKind.UNCERTAIN
        )
        if kind is ProviderErrorKind.GONE:
            self._end(machine)
        if kind is not None:
            raise ProviderError(kind, "drawn")
        return replace(machine, address=Address("192.0.2.1"))

    def release(self, machine: Machine) -> None:
        kind = self._fault(ProviderErrorKind.THROTTLED, ProviderErrorKind.UNCERTAIN)
        if kind is not None:
            raise ProviderError(kind, "drawn")
        self._step()
        self._end(machine)
        self._step()

    def find(self, run: str | None = None) -> Sequence[Machine]:
        rows = self._do(
            "SELECT id, platform, region, run, token, owner, expires, launched FROM machines "
            "WHERE ended IS NULL AND (? IS NULL OR run = ?) ORDER BY id",
            (run, run),
        )
        return tuple(
            Machine(
                f"m-{row[0]}",
                Platform("aws", row[1]),
                offer=Offer(row[2], None, "m5.large"),
                run=row[3],
                token=row[4],
                owner=row[5],
                expires=row[6],
                launched=row[7],
            )
            for row in rows
        )

    def delete_shared(self, run: str) -> None:
        self._step()

    def list_shared(self, owner: str | None = None) -> Sequence[str]:
        return ()

    def check(self, platforms: Sequence[Platform]) -> Sequence[Finding]:
        return ()

    def ever(self) -> Sequence[Row]:
        """Every machine that was ever made."""
        rows = self._do("SELECT id, token, platform, launched, ended FROM machines ORDER BY id")
        return [Row(*row) for row in rows]

    def _end(self, machine: Machine) -> None:
        number = int(machine.id.removeprefix("m-"))
        text = "UPDATE machines SET ended = ? WHERE id = ? AND ended IS NULL"
        self._do(text, (self._now(), number))

    def _fault(self, *kinds: ProviderErrorKind) -> ProviderErrorKind | None:
        self._step()
        return self._random.choice(kinds) if self._random.random() < self._faults else None

    def _do(self, text: str, values: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        # A new connection for each call, because many threads and processes use the file and any
        # may be killed. Writes are not synced: the fake's own durability is not under test.
        connection = sqlite3.connect(self._path, timeout=30, isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous = OFF")
            return connection.execute(text, values).fetchall()
        finally:
            connection.close()
