from __future__ import annotations

import threading

import pytest

from orchestrator.run.parallel import side_by_side


def test_every_item_ends_once_and_no_more_run_than_allowed() -> None:
    running, most, lock = 0, 0, threading.Lock()

    def work(item: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.01)
        with lock:
            running -= 1
        return item

    results = list(side_by_side(range(20), work, at_once=3, stop=threading.Event()))
    assert sorted(results) == list(range(20))
    assert 1 < most <= 3


def test_an_error_stops_the_rest_and_waits_for_items_in_progress() -> None:
    stop, ended = threading.Event(), []

    def work(item: int) -> int:
        if item == 0:
            raise OSError("disk full")
        stop.wait(5)
        ended.append(item)
        return item

    with pytest.raises(OSError, match="disk full"):
        list(side_by_side(range(100), work, at_once=2, stop=stop))
    assert stop.is_set()
    assert len(ended) <= 2


def test_after_stop_no_item_is_begun() -> None:
    stop, begun = threading.Event(), []

    def work(item: int) -> int:
        begun.append(item)
        stop.set()
        return item

    list(side_by_side(range(100), work, at_once=1, stop=stop))
    assert len(begun) <= 2


def test_a_stop_while_an_item_takes_long_begins_no_other() -> None:
    """Longer than the pause between two looks at what has ended."""
    stop, begun = threading.Event(), []

    def work(item: int) -> int:
        begun.append(item)
        threading.Timer(1.2, stop.set).start()
        stop.wait(10)
        return item

    list(side_by_side(range(100), work, at_once=2, stop=stop))
    assert sorted(begun) == [0, 1]
