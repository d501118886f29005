from __future__ import annotations

import threading
import time

from orchestrator.fleet.capacity import CappedSemaphore, Permit, Share
from orchestrator.fleet.clock import RealClock

ONE_IN_A: Share = (("machines", "", 1), ("machines per region", "a", 1))
ONE_IN_B: Share = (("machines", "", 1), ("machines per region", "b", 1))


def waiting(
    semaphore: CappedSemaphore, share: Share, into: list[Permit | None]
) -> threading.Thread:
    thread = threading.Thread(target=lambda: into.append(semaphore.take(share)), daemon=True)
    thread.start()
    time.sleep(0.05)
    return thread


def test_a_full_region_does_not_hold_up_another() -> None:
    semaphore = CappedSemaphore({"machines": 3, "machines per region": 1}, RealClock())
    first, got = semaphore.take(ONE_IN_A), []
    thread = waiting(semaphore, ONE_IN_A, got)
    assert got == []
    assert semaphore.take(ONE_IN_B) is not None
    assert first is not None
    first.end()
    first.end()
    thread.join(5)
    assert len(got) == 1
    assert got[0] is not None


def test_first_come_first_served() -> None:
    semaphore, order = CappedSemaphore({"machines": 1}, RealClock()), []
    lease = semaphore.take(ONE_IN_A)

    def queue(name: int) -> threading.Thread:
        def run() -> None:
            lease = semaphore.take(ONE_IN_A if name % 2 else ONE_IN_B)
            order.append(name)
            assert lease is not None
            lease.end()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        time.sleep(0.02)
        return thread

    threads = [queue(n) for n in range(6)]
    assert lease is not None
    lease.end()
    for thread in threads:
        thread.join(5)
    assert order == list(range(6))


def test_a_cap_may_be_an_amount_of_money() -> None:
    semaphore = CappedSemaphore({"cost per hour": 0.3}, RealClock())
    permits = [semaphore.take((("cost per hour", "", 0.1),)) for _ in range(3)]
    got: list[Permit | None] = []
    thread = waiting(semaphore, (("cost per hour", "", 0.05),), got)
    assert got == []
    assert permits[0] is not None
    permits[0].end()
    thread.join(5)
    assert len(got) == 1


def test_closing_ends_all_waits_without_a_permit() -> None:
    semaphore, got = CappedSemaphore({"machines": 1}, RealClock()), []
    assert semaphore.take(ONE_IN_A) is not None
    threads = [waiting(semaphore, ONE_IN_A, got) for _ in range(3)]
    semaphore.close()
    for thread in threads:
        thread.join(5)
    assert got == [None] * 3
    assert semaphore.take(ONE_IN_B) is None


def test_without_a_cap_every_permit_is_given() -> None:
    semaphore = CappedSemaphore({}, RealClock())
    assert all(semaphore.take(ONE_IN_A) for _ in range(100))
