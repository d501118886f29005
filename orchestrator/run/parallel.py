"""Running many jobs side by side, ending all of them when asked to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from threading import Event
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def side_by_side(
    items: Iterable[Item], work: Callable[[Item], Result], *, at_once: int, stop: Event
) -> Iterator[Result]:
    """Yield ``work(item)`` for every item as each ends, at most ``at_once`` at a time.

    If the caller is interrupted, or one ``work`` raises, ``stop`` is set, no further item is
    begun, those under way are waited for, and only then does the error go on.
    """
    waiting = iter(items)
    with ThreadPoolExecutor(max_workers=at_once) as pool:
        running: set[Future[Result]] = set()
        try:
            while not stop.is_set():
                for item in waiting:
                    running.add(pool.submit(work, item))
                    if len(running) >= at_once:
                        break
                if not running:
                    return
                # A time-out lets signals reach the main thread.
                ended, running = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in ended:
                    yield future.result()
        except BaseException:
            stop.set()
            raise
