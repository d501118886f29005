"""Values that are made once, by the first thread that needs them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from orchestrator.system.once import Once


def test_of_many_threads_one_makes_the_value() -> None:
    once: Once[object] = Once()
    together = threading.Barrier(8)
    made: list[object] = []

    def make() -> object:
        made.append(object())
        return made[-1]

    def ask(_: int) -> object:
        together.wait()
        return once.get(("run", "region"), make)

    with ThreadPoolExecutor(8) as pool:
        got = set(pool.map(ask, range(8)))
    assert got == set(made)
    assert len(made) == 1


def test_another_key_does_not_wait() -> None:
    once: Once[str] = Once()
    started, end = threading.Event(), threading.Event()

    def slow() -> str:
        started.set()
        assert end.wait(10)
        return "slow"

    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(once.get, ("run", "a"), slow)
        assert started.wait(10)
        assert once.get(("run", "b"), lambda: "quick") == "quick"
        end.set()
        assert pending.result() == "slow"


def test_what_failed_is_tried_again() -> None:
    once: Once[int] = Once()

    def fail() -> int:
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        once.get(("run",), fail)
    assert once.get(("run",), lambda: 2) == 2


def test_a_run_is_forgotten_and_another_is_not() -> None:
    once: Once[int] = Once()
    for run in ("one", "two"):
        once.get((run, "region"), lambda: 1)
    once.forget("one")
    assert once.get(("one", "region"), lambda: 2) == 2
    assert once.get(("two", "region"), lambda: 2) == 1
