from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from orchestrator.errors import EnvironmentNotReady, StoreError
from orchestrator.fleet.journal import Journal, Outcome
from orchestrator.model.machine import Offer, Order
from tests.unit.fleet.fleets import A, B, platform


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.sqlite")


def order(attempt: int = 0, offer: Offer = A, number: int = 0) -> Order:
    return Order("run-1", platform(number), attempt, offer, expires=5000.0)


def test_an_order_is_read_back_with_every_part(journal: Journal) -> None:
    journal.intend(order(), 100.0)
    (intent,) = journal.open_intents()
    assert intent.token == order().token
    assert intent.offer == A
    assert (intent.platform_name, intent.provider, intent.expires) == ("aws/0", "aws", 5000.0)
    assert intent.machine() is None
    journal.launched(intent.token, "i-1", 110.0)
    journal.reachable(intent.token, 150.0)
    machine = journal.open_intents()[0].machine()
    assert machine is not None
    assert (machine.id, machine.offer, machine.run) == ("i-1", A, "run-1")
    journal.ended(intent.token, Outcome.RELEASED, "done", 200.0)
    journal.ended(intent.token, Outcome.NOT_MADE, "late", 300.0)
    (intent,) = journal.intents()
    assert (intent.ended_at, intent.outcome, intent.reason) == (200.0, Outcome.RELEASED, "done")
    assert list(journal.open_intents()) == []


def test_attempts_are_numbered_on_in_another_process(tmp_path: Path, journal: Journal) -> None:
    assert journal.next_attempt(platform()) == 0
    journal.intend(order(0), 1.0)
    journal.intend(order(1, B), 2.0)
    assert journal.next_attempt(platform()) == 2
    assert journal.next_attempt(platform(1)) == 0
    journal.close()
    again = Journal(tmp_path / "journal.sqlite")
    assert again.next_attempt(platform()) == 2
    assert [intent.offer for intent in again.attempts(platform())] == [A, B]


def test_a_token_is_never_used_twice(journal: Journal) -> None:
    journal.intend(order(), 1.0)
    with pytest.raises(sqlite3.IntegrityError):
        journal.intend(order(), 2.0)


def test_what_was_intended_survives_a_kill(tmp_path: Path) -> None:
    script = (
        "import os, pathlib, sys\n"
        "from orchestrator.fleet.journal import Journal\n"
        "from tests.unit.fleet.test_journal import order\n"
        "Journal(pathlib.Path(sys.argv[1])).intend(order(), 1.0)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    path = tmp_path / "journal.sqlite"
    root = Path(__file__).parents[3]
    subprocess.run([sys.executable, "-c", script, str(path)], cwd=root)
    assert [i.token for i in Journal(path).open_intents()] == [order().token]


def test_cost_is_by_the_second_with_at_least_a_minute(journal: Journal) -> None:
    for attempt, offer in enumerate((A, B, Offer("c"))):
        journal.intend(order(attempt, offer), 0.0)
        journal.launched(order(attempt).token, f"i-{attempt}", 1000.0)
    cost = journal.cost(1000.0 + 3600)
    assert cost.spent == pytest.approx(0.22)
    assert cost.per_hour == pytest.approx(0.22)
    assert cost.unpriced == 1
    journal.ended(order(0).token, Outcome.RELEASED, "", 1001.0)
    cost = journal.cost(1000.0 + 3600)
    assert cost.spent == pytest.approx(0.12 + 0.1 / 60)
    assert cost.per_hour == pytest.approx(0.12)


def test_nothing_is_spent_on_what_was_refused(journal: Journal) -> None:
    journal.intend(order(), 0.0)
    journal.ended(order().token, Outcome.REFUSED, "no-capacity", 5.0)
    assert journal.cost(9999.0).spent == 0


def test_many_threads_may_write(journal: Journal) -> None:
    def write(number: int) -> None:
        for attempt in range(20):
            journal.intend(order(attempt, number=number), 1.0)
            journal.ended(order(attempt, number=number).token, Outcome.REFUSED, "", 2.0)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(journal.intents()) == 160
    assert list(journal.open_intents()) == []


def test_a_file_that_is_not_a_journal_is_named(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(b"results,results,results\n" * 100)
    with pytest.raises(StoreError, match=r"journal\.sqlite: file is not a database.*eqc reap"):
        Journal(path)


def test_a_journal_of_another_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 9")
    connection.close()
    with pytest.raises(StoreError, match="version 9"):
        Journal(path)


def test_a_folder_that_cannot_be_written_is_reported_before_any_launch(
    tmp_path: Path,
) -> None:
    with pytest.raises(EnvironmentNotReady, match="no machine is ordered"):
        Journal(tmp_path / "missing" / "journal.sqlite")
