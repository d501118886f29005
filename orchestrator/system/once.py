"""Values made by whoever asks first; others who want the same wait for it, nobody else does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

CacheKey = tuple[str, ...]
Made = TypeVar("Made")


class Once(Generic[Made]):
    """Values by key. What failed to be made is made again for the next who asks."""

    def __init__(self) -> None:
        self._values: dict[CacheKey, Made] = {}
        self._locks: dict[CacheKey, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: CacheKey, make: Callable[[], Made]) -> Made:
        """The value of ``key``, by ``make`` where there is none yet."""
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._values:
                self._values[key] = make()
            return self._values[key]

    def forget(self, first: str) -> None:
        """Forget every key that begins with ``first``."""
        for key in [key for key in list(self._values) if key[0] == first]:
            self._values.pop(key, None)
