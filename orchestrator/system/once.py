"""A cache for threads: each value is computed once; only threads that want the same one wait."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

CacheKey = tuple[str, ...]
Made = TypeVar("Made")


class Once(Generic[Made]):
    """Values by key. After an error the next ``get`` of that key computes the value again."""

    def __init__(self) -> None:
        self._values: dict[CacheKey, Made] = {}
        self._locks: dict[CacheKey, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: CacheKey, make: Callable[[], Made]) -> Made:
        """The value of ``key``, computed by ``make`` where there is none; its errors are raised."""
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._values:
                self._values[key] = make()
            return self._values[key]

    def forget(self, first: str) -> None:
        """Forget the values of all keys whose first part is ``first``."""
        for key in [key for key in list(self._values) if key[0] == first]:
            self._values.pop(key, None)
