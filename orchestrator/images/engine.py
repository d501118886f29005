"""The Docker engine of this computer, and an image on it."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass

import docker
import docker.errors

from orchestrator.errors import EnvironmentNotReady

DEFAULT_HOST = "unix:///var/run/docker.sock"


@dataclass(frozen=True)
class Image:
    """An image that exists on the engine. ``digest`` is what observations record."""

    framework: str
    reference: str
    digest: str


def connect() -> docker.DockerClient:
    """The local Docker engine. Raises ``EnvironmentNotReady`` where there is none."""
    try:
        _knock(os.environ.get("DOCKER_HOST") or DEFAULT_HOST)
        client = docker.from_env(timeout=120)
        client.ping()
    except (OSError, docker.errors.DockerException) as error:
        raise EnvironmentNotReady(
            "no Docker engine answers here (start one, or use --isolation process): "
            + str(error).splitlines()[0]
        ) from error
    return client


def _knock(host: str) -> None:
    """Connect to the engine's socket and hang up. Raises ``OSError`` where nobody answers.

    The SDK leaves its socket open where it cannot connect.
    """
    scheme, _, path = host.partition("://")
    if scheme == "unix":
        with socket.socket(socket.AF_UNIX) as knock:
            knock.connect(path)
