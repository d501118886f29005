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
    """An image on the engine: ``reference`` is ``name:tag``, ``digest`` its id, ``sha256:…``.

    Observations record ``digest``.
    """

    framework: str
    """With its version and further packages, where they are asked for."""
    reference: str
    digest: str


def connect() -> docker.DockerClient:
    """A client of the local Docker engine. Raises ``EnvironmentNotReady`` where none answers."""
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
    """Connect to the engine's socket once and close it. Raises ``OSError`` where that fails.

    Done before the SDK connects: the SDK leaks its socket if the connection fails.
    """
    scheme, _, path = host.partition("://")
    if scheme == "unix":
        with socket.socket(socket.AF_UNIX) as knock:
            knock.connect(path)
