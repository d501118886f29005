"""Containers with a real sshd as remote machines, and images whose runner is a test's script."""

from __future__ import annotations

import io
import json
import secrets
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import docker
import numpy as np
import pytest
from docker.models.containers import Container

from orchestrator.fakes import sshd
from orchestrator.images import ImageBuilder, connect
from orchestrator.model.machine import Address
from orchestrator.ssh import login_keys
from orchestrator.ssh.client import SshClient


class FakeHost:
    """One remote machine."""

    def __init__(self, container: Container, host_key: str, identity: str) -> None:
        self.container = container
        self.host_key = host_key
        host, port = sshd.address(container)
        self.address = Address(host, port, sshd.USER, host_key=host_key, identities=(identity,))

    def inside(self) -> Address:
        """The address at which other containers reach it."""
        return replace(self.address, host=sshd.inside(self.container), port=22)

    def sessions(self) -> list[str]:
        """Pids of the sshd processes that serve a login."""
        return self.sh("pgrep -f '^sshd: eqc'").split()

    def drop(self) -> None:
        """Cut every connection, as a network failure would."""
        self.sh("pkill -KILL -f '^sshd: eqc'")

    def files(self) -> set[str]:
        """All paths of the file system, without /proc, /sys and /dev."""
        found = self.sh(
            "find / -xdev \\( -path /proc -o -path /sys -o -path /dev \\) -prune -o -print"
        )
        return set(found.splitlines())

    def sh(self, script: str) -> str:
        return str(self.container.exec_run(["sh", "-c", script]).output.decode())


@pytest.fixture(scope="session")
def client() -> Iterator[docker.DockerClient]:
    client = connect()
    yield client
    sshd.remove_all(client)
    client.close()


@pytest.fixture(scope="session")
def login(
    client: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory
) -> login_keys.LoginKey:
    patch = pytest.MonkeyPatch()
    patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("keys")))
    key = login_keys.login_key("tests")
    patch.undo()
    return key


@pytest.fixture(scope="session")
def numpy_image(client: docker.DockerClient) -> str:
    return ImageBuilder(client).ensure("numpy").reference


@pytest.fixture
def make(
    client: docker.DockerClient, login: login_keys.LoginKey
) -> Iterator[Callable[..., FakeHost]]:
    """Makes machines, with the arguments of ``sshd.start``; they are removed after the test."""
    made: list[Container] = []

    def new(**words: Any) -> FakeHost:
        name = f"ssh-{secrets.token_hex(4)}"
        container, host_key = sshd.start(client, name=name, public_key=login.public, **words)
        made.append(container)
        return FakeHost(container, host_key, str(login.path))

    yield new
    for container in made:
        container.remove(force=True, v=True)


@pytest.fixture(scope="module")
def fake(client: docker.DockerClient, login: login_keys.LoginKey) -> Iterator[FakeHost]:
    """A machine that the tests of a module share."""
    name = f"ssh-{secrets.token_hex(4)}"
    container, host_key = sshd.start(client, name=name, public_key=login.public)
    yield FakeHost(container, host_key, str(login.path))
    container.remove(force=True, v=True)


@pytest.fixture
def shell(fake: FakeHost) -> Iterator[SshClient]:
    with SshClient(fake.address) as shell:
        yield shell


@pytest.fixture(scope="session")
def image_that(client: docker.DockerClient) -> Iterator[Callable[[str], str]]:
    """An image whose "runner" is a shell script, called with ``run /job /out/files``."""
    made: dict[str, str] = {}

    def build(script: str) -> str:
        if script not in made:
            reference = f"eqc-fake-runner:{secrets.token_hex(6)}"
            text = 'FROM debian:bookworm-slim\nCOPY run /run.sh\nENTRYPOINT ["sh", "/run.sh"]\n'
            context = io.BytesIO()
            with tarfile.open(fileobj=context, mode="w") as tar:
                for name, content in (("Dockerfile", text), ("run", script)):
                    entry = tarfile.TarInfo(name)
                    entry.size = len(content.encode())
                    tar.addfile(entry, io.BytesIO(content.encode()))
            context.seek(0)
            client.images.build(
                fileobj=context, custom_context=True, encoding=None, tag=reference, rm=True
            )
            made[script] = reference
        return made[script]

    yield build
    for reference in made.values():
        client.images.remove(reference, force=True)


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """A real job: two sessions of a kernel on NumPy."""
    return write_job(tmp_path / "job", sessions=2)


def write_job(
    folder: Path, *, sessions: int, deadline: float | None = None, framework: str = "numpy"
) -> Path:
    (folder / "inputs").mkdir(parents=True)
    image = np.linspace(0, 1, 32 * 32 * 3, dtype=np.float32).reshape(1, 32, 32, 3)
    np.save(folder / "inputs/x.npy", image)
    cell = {
        "cell": "0" * 16,
        "framework": framework,
        "environment": {},
        "workload": {
            "source": "builtin",
            "name": "cifar10-small",
            "path": None,
            "sha256": None,
            "weights": "seed:1",
            "weights_path": None,
            "arguments": {},
        },
        "input": {"tensors": {"input": "inputs/x.npy"}},
        "precision": "float32",
        "threads": None,
        "batch": None,
        "device": "cpu",
        "flags": {},
        "sessions": list(range(sessions)),
        "mode": "fork",
        "layers": False,
        "kernels": False,
        "keep": "final",
    }
    document = {
        "schema": 1,
        "job": "test",
        "deadline": deadline,
        "launcher": [],
        "emulated": None,
        "limits": {"memory_bytes": None, "session_seconds": 60},
        "probe": True,
        "cells": [cell],
    }
    (folder / "job.json").write_text(json.dumps(document))
    return folder


def records(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "observations.jsonl").read_text().splitlines()]
