"""Running jobs side by side, and ending all of them after an error or an interruption."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from threading import Event
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def side_by_side(
    items: Iterable[Item], work: Callable[[Item], Result], *, at_once: int, stop: Event
) -> Iterator[Result]:
    """Yield ``work(item)`` for every item as each ends, at most ``at_once`` at a time.

    If the caller is interrupted or one ``work`` raises, ``stop`` is set, no further item is begun,
    the running ones are waited for, and then the error is raised.
    """
    waiting = iter(items)
    with ThreadPoolExecutor(max_workers=at_once) as pool:
        running: set[Future[Result]] = set()
        try:
            while not stop.is_set():
                # Never more than run at once: one that waits in the pool would begin after a stop.
                for item in islice(waiting, at_once - len(running)):
                    running.add(pool.submit(work, item))
                if not running:
                    return
                # With a timeout, so that the main thread handles signals in between.
                ended, running = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in ended:
                    yield future.result()
        except BaseException:
            stop.set()
            raise
