from __future__ import annotations

import os
import threading
from pathlib import Path
from threading import Event

import pytest

from orchestrator.system.files import is_locked, lock_file


def test_asking_for_a_lock_never_takes_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    done = Event()

    def ask() -> None:
        while not done.is_set():
            is_locked(path)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        for _ in range(5000):
            descriptor = os.open(path, os.O_RDWR)
            lock_file(descriptor)
            os.close(descriptor)
    finally:
        done.set()
        asking.join()


def test_a_lock_is_held_until_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not is_locked(path)
    first = os.open(path, os.O_RDWR | os.O_CREAT)
    lock_file(first)
    assert is_locked(path)
    second = os.open(path, os.O_RDWR)
    with pytest.raises(BlockingIOError):
        lock_file(second)
    os.close(second)
    assert is_locked(path)
    os.close(first)
    assert not is_locked(path)
