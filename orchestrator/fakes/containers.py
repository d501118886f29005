"""Containers as the machines of a fake cloud: each boots in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

import docker
import docker.errors

from orchestrator.fakes import sshd


class Backend(Protocol):
    """The machines of a fake's instances. How one is started differs between the clouds."""

    def address(self, name: str) -> str | None:
        """Its address; ``None`` while it boots."""

    def ended(self, name: str) -> bool:
        """Whether it was up and has ended by itself."""

    def end(self, name: str) -> None: ...

    def close(self) -> None: ...


class NoBackend:
    """Instances without machines: up at once, at an address where nothing answers."""

    def address(self, name: str) -> str | None:
        return "192.0.2.1"

    def ended(self, name: str) -> bool:
        return False

    def end(self, name: str) -> None: ...

    def close(self) -> None: ...


class ContainerBackend:
    """Containers of ``sshd``, by the names of their instances.

    ``failures``: why some did not come up.
    """

    def __init__(self) -> None:
        self.client = docker.from_env()
        self.failures: list[str] = []
        self._up: dict[str, str] = {}
        self._over: set[str] = set()
        self._boots: dict[str, threading.Thread] = {}
        self._removing = threading.Lock()

    def boot(self, name: str, up: Callable[[], str]) -> None:
        """Call ``up``, which starts the machine and returns its address, in the background."""
        self._over.discard(name)
        self._boots[name] = threading.Thread(target=self._boot, args=(name, up), daemon=True)
        self._boots[name].start()

    def address(self, name: str) -> str | None:
        return self._up.get(name)

    def ended(self, name: str) -> bool:
        # A machine that is not in `_up` may be from an earlier process with the same state file.
        try:
            container = self.client.containers.get(f"eqc-fake-{name}")
        except docker.errors.NotFound:
            return True
        return bool(container.status in ("exited", "dead"))

    def end(self, name: str) -> None:
        self._over.add(name)
        self._up.pop(name, None)
        with self._removing:  # the engine refuses two removals of one container at once
            sshd.remove(self.client, name)

    def close(self) -> None:
        for name, thread in list(self._boots.items()):
            self._over.add(name)
            thread.join(60)
            self.end(name)
        self.client.close()

    def _boot(self, name: str, up: Callable[[], str]) -> None:
        try:
            address = up()
        except Exception as error:
            if name not in self._over:  # an end while it booted is no failure
                self.failures.append(f"{name}: {error!r}")
                raise
        else:
            self._up[name] = address
        if name in self._over:
            self.end(name)
