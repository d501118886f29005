"""The journal of a run: each order, written before the provider receives it, and its end.

``journal.sqlite`` in the run's folder. So when this process is killed at any moment, every order
that may have made a machine is in the file.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from orchestrator.errors import EnvironmentNotReady, StoreError
from orchestrator.model.experiment import Platform
from orchestrator.model.machine import Machine, Offer, Order

SCHEMA = 1
BILLED_AT_LEAST = 60.0
"""Seconds. EC2 and Compute Engine bill by the second, with a minimum of one minute."""

_TABLE = """
CREATE TABLE IF NOT EXISTS intents (
  token TEXT PRIMARY KEY,
  run TEXT NOT NULL,
  platform_id TEXT NOT NULL,
  platform_name TEXT NOT NULL,
  provider TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  region TEXT, zone TEXT, machine_type TEXT,
  spot INTEGER NOT NULL,
  price_per_hour REAL,
  expires REAL NOT NULL,
  intended_at REAL NOT NULL,
  machine_id TEXT,
  launched_at REAL, reachable_at REAL, ended_at REAL,
  outcome TEXT, reason TEXT,
  UNIQUE (platform_id, attempt)
) STRICT
"""


class Journal:
    """The intents of one run, for all threads; each method returns when its write is on disk.

    Raises ``EnvironmentNotReady`` where the disk cannot be written, ``StoreError`` for a file that
    is not a journal of this version.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        with self._translated():
            # Autocommit: every statement is a transaction of its own.
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                self._db.execute(_TABLE)
                self._db.execute(f"PRAGMA user_version = {SCHEMA}")
        if version not in (0, SCHEMA):
            self._db.close()
            raise StoreError(
                f"{path}: a journal of version {version}, this program writes {SCHEMA}; "
                "go on with the program that wrote it"
            )

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    # -- what happens -----------------------------------------------------------------------

    def intend(self, order: Order, now: float) -> None:
        """Write down that ``order`` is about to be sent.

        The same token twice raises ``sqlite3.IntegrityError``.
        """
        offer = order.offer
        self._write(
            "INSERT INTO intents (token, run, platform_id, platform_name, provider, attempt, "
            "region, zone, machine_type, spot, price_per_hour, expires, intended_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            order.token,
            order.run,
            order.platform.id,
            order.platform.name,
            order.platform.provider,
            order.attempt,
            offer.region,
            offer.zone,
            offer.machine_type,
            int(offer.spot),
            offer.price_per_hour,
            order.expires,
            now,
        )

    def launched(self, token: str, machine_id: str, now: float) -> None:
        """The provider answered the order with a machine's id."""
        self._write(
            "UPDATE intents SET machine_id = ?, launched_at = ? WHERE token = ?",
            machine_id,
            now,
            token,
        )

    def reachable(self, token: str, now: float) -> None:
        """The machine has an address."""
        self._write("UPDATE intents SET reachable_at = ? WHERE token = ?", now, token)

    def ended(self, token: str, outcome: Outcome, reason: str, now: float) -> None:
        """Nothing of this order is left. Only the first end of an intent is kept."""
        self._write(
            "UPDATE intents SET ended_at = ?, outcome = ?, reason = ? "
            "WHERE token = ? AND ended_at IS NULL",
            now,
            outcome.value,
            reason,
            token,
        )

    # -- what is known ----------------------------------------------------------------------

    def intents(self) -> Sequence[Intent]:
        """All intents, oldest first."""
        return self._intents("")

    def open_intents(self) -> Sequence[Intent]:
        """Intents without a confirmed end: each may have left a machine."""
        return self._intents("WHERE ended_at IS NULL")

    def attempts(self, platform: Platform) -> Sequence[Intent]:
        """Every order for ``platform`` in this run, oldest first."""
        return self._intents("WHERE platform_id = ?", platform.id)

    def next_attempt(self, platform: Platform) -> int:
        """The number of the next order for ``platform``, unused in this and all earlier calls."""
        text = "SELECT coalesce(max(attempt) + 1, 0) FROM intents WHERE platform_id = ?"
        return int(self._read(text, platform.id)[0][0])

    def cost(self, now: float) -> Cost:
        """What the machines of the run cost until ``now`` (Unix seconds)."""
        spent, per_hour, unpriced = self._read(
            "SELECT total(CASE WHEN launched_at IS NOT NULL THEN price_per_hour / 3600.0 * "
            "max(?, coalesce(ended_at, ?) - launched_at) END), "
            "total(CASE WHEN ended_at IS NULL THEN price_per_hour END), "
            "count(CASE WHEN launched_at IS NOT NULL AND price_per_hour IS NULL THEN 1 END) "
            "FROM intents",
            BILLED_AT_LEAST,
            now,
        )[0]
        return Cost(float(spent), float(per_hour), int(unpriced))

    # -- the file ---------------------------------------------------------------------------

    def _intents(self, where: str, *values: str) -> Sequence[Intent]:
        text = f"SELECT {COLUMNS} FROM intents {where} ORDER BY rowid"  # noqa: S608 - ours
        return [intent_of(row) for row in self._read(text, *values)]

    def _read(self, text: str, *values: str | float) -> list[tuple[Any, ...]]:
        with self._lock, self._translated():
            return self._db.execute(text, values).fetchall()

    def _write(self, text: str, *values: str | float | None) -> None:
        with self._lock, self._translated():
            self._db.execute(text, values)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise EnvironmentNotReady(
                f"{self._path}: {error}; no machine is ordered without an entry in this file: "
                "free some disk space, or move the results folder"
            ) from error
        except sqlite3.IntegrityError:
            raise
        except sqlite3.DatabaseError as error:
            raise StoreError(
                f"{self._path}: {error}; move the file away, and end what the run may have left "
                "with eqc reap, which needs no journal"
            ) from error


COLUMNS = (
    "token, run, platform_id, platform_name, provider, attempt, region, zone, machine_type, spot, "
    "price_per_hour, expires, intended_at, machine_id, launched_at, reachable_at, ended_at, "
    "outcome, reason"
)


class Outcome(StrEnum):
    """How an intent ended."""

    REFUSED = "refused"
    """The provider refused the order; no machine was made."""
    RELEASED = "released"
    """A machine was made, and the provider confirmed its end."""
    NOT_MADE = "not-made"
    """The provider's answer was lost, and no machine has the order's token."""


@dataclass(frozen=True)
class Intent:
    """One order and what is known of its machine. Times in Unix seconds."""

    token: str
    run: str
    platform_id: str
    platform_name: str
    provider: str
    attempt: int
    offer: Offer
    expires: float
    intended_at: float
    machine_id: str | None = None
    launched_at: float | None = None
    reachable_at: float | None = None
    ended_at: float | None = None
    outcome: Outcome | None = None
    reason: str | None = None

    def machine(self) -> Machine | None:
        """The machine with all that its release needs; ``None`` where its id is not known."""
        if self.machine_id is None:
            return None
        return Machine(
            self.machine_id,
            Platform(self.provider, self.platform_name),
            offer=self.offer,
            run=self.run,
            token=self.token,
            expires=self.expires,
            launched=self.launched_at,
        )


@dataclass(frozen=True)
class Cost:
    """An estimate of the bill in US dollars, by list prices and this computer's clock."""

    spent: float
    per_hour: float
    """Of all orders without a confirmed end."""
    unpriced: int
    """Machines without a known price; if there are any, the cost is at least ``spent``."""


def intent_of(row: tuple[Any, ...]) -> Intent:
    """The intent in a row of ``COLUMNS``."""
    token, run, platform_id, platform_name, provider, attempt, *rest = row
    region, zone, machine_type, spot, price, *rest = rest
    expires, intended_at, machine_id, launched_at, reachable_at, ended_at, outcome, reason = rest
    return Intent(
        token=token,
        run=run,
        platform_id=platform_id,
        platform_name=platform_name,
        provider=provider,
        attempt=attempt,
        offer=Offer(region, zone, machine_type, bool(spot), price),
        expires=expires,
        intended_at=intended_at,
        machine_id=machine_id,
        launched_at=launched_at,
        reachable_at=reachable_at,
        ended_at=ended_at,
        outcome=None if outcome is None else Outcome(outcome),
        reason=reason,
    )
