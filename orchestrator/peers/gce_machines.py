"""What stands behind an instance of the Compute Engine peer: nothing, or a container that boots."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any, Protocol

import yaml

PATIENCE = 120.0
"""Seconds for a machine to answer; an emulated one on a busy computer takes its time."""
SYSTEMCTL = """\
#!/bin/sh
# Of systemctl as much as our user data uses.
echo "$@" >> /run/eqc-systemctl
case "$*" in *"restart sshd.service") kill -HUP "$(cat /run/sshd.pid)";; esac
"""


class Machines(Protocol):
    def begin(self, instance: Mapping[str, Any]) -> None: ...

    def address(self, name: str) -> str | None:
        """``None`` while it boots."""

    def ended(self, name: str) -> bool:
        """It was up, and is not any more."""

    def end(self, name: str) -> None: ...

    def close(self) -> None: ...


class NoMachines:
    """Instances that are up at once, at an address where nobody is."""

    def begin(self, instance: Mapping[str, Any]) -> None: ...

    def address(self, name: str) -> str | None:
        return "192.0.2.1"

    def ended(self, name: str) -> bool:
        return False

    def end(self, name: str) -> None: ...

    def close(self) -> None: ...


class Containers:
    """``orchestrator.peers.sshd`` machines, one for each instance, which take its metadata."""

    def __init__(self) -> None:
        import docker

        from orchestrator.peers import sshd

        self._sshd = sshd
        self._client = docker.from_env()
        self._up: dict[str, str] = {}
        self._over: set[str] = set()
        self._boots: dict[str, threading.Thread] = {}
        self.failures: list[str] = []
        """Why containers did not come up, but for those that were ended while they booted."""

    def begin(self, instance: Mapping[str, Any]) -> None:
        name = str(instance["name"])
        self._over.discard(name)
        thread = threading.Thread(target=self._boot, args=(instance,), daemon=True)
        self._boots[name] = thread
        thread.start()

    def address(self, name: str) -> str | None:
        return self._up.get(name)

    def ended(self, name: str) -> bool:
        import docker.errors

        # One that is not in `_up` was made by a peer before this one, and went with it.
        try:
            container = self._client.containers.get(f"eqc-peer-{name}")
        except docker.errors.NotFound:
            return True
        return bool(container.status in ("exited", "dead"))

    def end(self, name: str) -> None:
        self._over.add(name)
        self._up.pop(name, None)
        self._sshd.remove(self._client, name)

    def close(self) -> None:
        for name, thread in list(self._boots.items()):
            self._over.add(name)
            thread.join(60)
            self._sshd.remove(self._client, name)
        self._client.close()

    def _boot(self, instance: Mapping[str, Any]) -> None:
        name = str(instance["name"])
        try:
            address = self._booted(instance)
        except Exception as error:  # noqa: BLE001 - a machine that fails to boot tells nobody
            if name not in self._over:
                self.failures.append(f"{name}: {error!r}")
        else:
            self._up[name] = address
        if name in self._over:
            self.end(name)

    def _booted(self, instance: Mapping[str, Any]) -> str:
        name = str(instance["name"])
        said = {item["key"]: item["value"] for item in instance["metadata"]["items"]}
        config = yaml.safe_load(said["user-data"])
        user, _, key = said["ssh-keys"].partition(":")
        assert user == self._sshd.USER, f"the peer has no user {user}"
        family = instance["machineType"].rpartition("/")[2].partition("-")[0]
        container, _ = self._sshd.start(
            self._client,
            name=name,
            public_key=key,
            arch="arm64" if family in ("t2a", "c4a") else "x86_64",
        )
        self._sshd.address(container, PATIENCE)
        files = {"usr/local/bin/systemctl": (SYSTEMCTL.encode(), 0o755)}
        container.put_archive("/", self._sshd._tar(files))
        for command in (*config["bootcmd"], *config["runcmd"]):
            code, output = container.exec_run(command)
            assert code == 0, f"{name}: {output!r}"
        time.sleep(0.1)  # sshd starts itself anew on SIGHUP
        self._sshd.address(container, PATIENCE)
        return self._sshd.inside(container)
