"""The machines of the fake Compute Engine's instances: none, or containers that boot."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Protocol

import yaml

from orchestrator.fakes import sshd
from orchestrator.fakes.containers import Backend, ContainerBackend, NoBackend

PATIENCE = 120.0
"""Seconds for a machine to answer; an emulated one on a busy computer is slow."""
SYSTEMCTL = """\
#!/bin/sh
# The part of systemctl that our user data uses.
echo "$@" >> /run/eqc-systemctl
case "$*" in *"restart sshd.service") kill -HUP "$(cat /run/sshd.pid)";; esac
"""


class Machines(Backend, Protocol):
    def begin(self, instance: Mapping[str, Any]) -> None: ...


class NoMachines(NoBackend):
    def begin(self, instance: Mapping[str, Any]) -> None: ...


class Containers(ContainerBackend):
    """One container for each instance, set up by the instance's metadata."""

    def begin(self, instance: Mapping[str, Any]) -> None:
        self.boot(str(instance["name"]), lambda: self._booted(instance))

    def _booted(self, instance: Mapping[str, Any]) -> str:
        name = str(instance["name"])
        said = {item["key"]: item["value"] for item in instance["metadata"]["items"]}
        config = yaml.safe_load(said["user-data"])
        user, _, key = said["ssh-keys"].partition(":")
        assert user == sshd.USER, f"the fake has no user {user}"
        family = instance["machineType"].rpartition("/")[2].partition("-")[0]
        container, _ = sshd.start(
            self.client,
            name=name,
            public_key=key,
            arch="arm64" if family in ("t2a", "c4a") else "x86_64",
        )
        sshd.address(container, PATIENCE)
        files = {"usr/local/bin/systemctl": (SYSTEMCTL.encode(), 0o755)}
        container.put_archive("/", sshd._tar(files))
        for command in (*config["bootcmd"], *config["runcmd"]):
            code, output = container.exec_run(command)
            assert code == 0, f"{name}: {output!r}"
        time.sleep(0.1)  # sshd restarts itself after SIGHUP
        sshd.address(container, PATIENCE)
        return sshd.inside(container)
