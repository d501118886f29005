"""Remote machines for tests: containers with a real sshd and the socket of this engine.

A job that is sent to such a machine by SSH runs in another container of the same engine. That is
the only difference from a real remote computer with Docker.
"""

from __future__ import annotations

import hashlib
import io
import os
import socket
import sys
import tarfile
import time
from collections.abc import Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import docker
import docker.errors
import paramiko
from docker.models.containers import Container

from orchestrator.images import ImageBuilder
from orchestrator.ssh.login_keys import new_host_key

LABEL = "eqc.fake"
OWNER = "eqc.fake.owner"
"""The label with the process id of the test: its leftovers are removed without touching others."""
USER = "eqc"
SOCKET = "/var/run/docker.sock"
_FOLDER = Path(__file__).resolve().parent
_CONTEXT = ("sshd.dockerfile", "sshd-config", "sshd-start")


def image(client: docker.DockerClient, arch: str = "x86_64", base: str | None = None) -> str:
    """The reference of the machines' image for ``x86_64`` or ``arm64``, built where missing.

    ``base``: built on top of this image instead of plain Debian.
    """
    builder = ImageBuilder(client)
    base = base or builder._ensure_base(arch)
    client_base = builder._ensure_base("x86_64")
    files = {name: (_FOLDER / name).read_bytes() for name in _CONTEXT}
    content = hashlib.sha256(base.encode() + client_base.encode())
    for name, text in files.items():
        content.update(name.encode() + text)
    reference = f"eqc-fake-sshd:{content.hexdigest()[:12]}"
    with suppress(docker.errors.ImageNotFound):
        client.images.get(reference)
        return reference
    client.images.build(
        fileobj=io.BytesIO(_tar({name: (text, 0o644) for name, text in files.items()})),
        custom_context=True,
        encoding=None,
        dockerfile="sshd.dockerfile",
        tag=reference,
        buildargs={"BASE": base, "CLIENT_BASE": client_base},
        labels={LABEL: "image"},
        network_mode="host",
        rm=True,
        forcerm=True,
    )
    return reference


def start(
    client: docker.DockerClient,
    *,
    name: str,
    public_key: str,
    host_key_private: str | None = None,
    arch: str = "x86_64",
    cpus: int | None = None,
    engine: bool = True,
    base: str | None = None,
    tmpfs: dict[str, str] | None = None,
    publish: bool = True,
    volumes: Sequence[str] = (),
) -> tuple[Container, str]:
    """Start a machine; its container and its public host key, a new one unless given.

    ``engine``: whether the machine has the engine's socket. ``tmpfs``: path → options, as for
    Docker. Without ``publish`` only other containers can reach it. It may not answer yet.
    """
    key = host_key_private or new_host_key().private
    mounts = [*volumes, *([f"{SOCKET}:{SOCKET}"] if engine else [])]
    # The classic builder labels an image FROM an arm64 one as amd64, so no platform is given here.
    container = client.containers.create(
        image(client, arch, base),
        name=f"eqc-fake-{name}",
        hostname=name,
        labels={LABEL: "1", OWNER: str(os.getpid())},
        ports={"22/tcp": ("127.0.0.1", None)} if publish else None,  # type: ignore[dict-item]
        volumes=mounts,
        tmpfs=tmpfs or {},
        init=True,
        cpuset_cpus=f"0-{min(cpus, os.cpu_count() or 1) - 1}" if cpus else None,
    )
    container.put_archive(
        "/",
        _tar(
            {
                "etc/ssh/ssh_host_ed25519_key": (key.encode(), 0o600),
                f"home/{USER}/.ssh/authorized_keys": (f"{public_key}\n".encode(), 0o600),
            }
        ),
    )
    container.start()
    return container, _public(key)


def machine(
    client: docker.DockerClient,
    *,
    name: str,
    public_key: str,
    host_key_private: str | None = None,
    arch: str = "x86_64",
    cpus: int | None = None,
) -> tuple[str, int, str]:
    """``(host, port, public host key)`` of a new machine that accepts connections.

    ``name`` must be new on this engine; user ``eqc`` may log in with ``public_key``.
    """
    container, public = start(
        client,
        name=name,
        public_key=public_key,
        host_key_private=host_key_private,
        arch=arch,
        cpus=cpus,
    )
    host, port = address(container)
    return host, port, public


def address(container: Container, patience: float = 30.0) -> tuple[str, int]:
    """(host, port) of a started machine's sshd, as soon as it answers.

    Raises ``TimeoutError`` after ``patience`` seconds.
    """
    end = time.monotonic() + patience
    while time.monotonic() < end:
        container.reload()
        bound = container.ports.get("22/tcp")
        if bound:
            host, port = bound[0]["HostIp"], int(bound[0]["HostPort"])
            if _answers(host, port):
                return host, port
        if container.status == "exited":
            break
        time.sleep(0.05)
    log = container.logs(tail=20).decode(errors="replace")
    raise TimeoutError(f"the sshd of {container.name} does not answer: {log}")


def inside(container: Container) -> str:
    """The machine's address in the engine's own network, where its sshd is on port 22."""
    container.reload()
    return str(container.attrs["NetworkSettings"]["IPAddress"])


def remove(client: docker.DockerClient, name: str) -> None:
    """End one machine, if it is still there."""
    with suppress(docker.errors.NotFound):
        client.containers.get(f"eqc-fake-{name}").remove(force=True, v=True)


def remove_all(client: docker.DockerClient) -> None:
    """End every machine that this process started."""
    mine: dict[str, str | list[str] | bool] = {"label": f"{OWNER}={os.getpid()}"}
    for container in client.containers.list(all=True, filters=mine, ignore_removed=True):
        with suppress(docker.errors.NotFound):
            container.remove(force=True, v=True)


def _answers(host: str, port: int) -> bool:
    # The engine's proxy accepts connections before sshd listens, so wait for sshd's banner.
    try:
        with socket.create_connection((host, port), timeout=2) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def _public(private: str) -> str:
    key = paramiko.Ed25519Key.from_private_key(io.StringIO(private))
    return f"{key.get_name()} {key.get_base64()}"


def _tar(files: dict[str, tuple[bytes, int]]) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, (content, mode) in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            tar.addfile(entry, io.BytesIO(content))
    return archive.getvalue()


class Loopback(ThreadingHTTPServer):
    """An HTTP server on 127.0.0.1 that ignores clients which close their connection early."""

    daemon_threads = True

    def __init__(self, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", port), handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)
