"""Delivers an image to a machine: pulled by digest or streamed by SSH, then its id is checked."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO, cast

from docker import errors as docker_errors

from orchestrator.errors import DeliveryFailed
from orchestrator.images.engine import Image, connect
from orchestrator.images.registry import Login, Pushed
from orchestrator.ssh.client import SshClient
from orchestrator.ssh.command import Completed, Reader

PULL_SECONDS = 1800.0
FAILURES = (
    ("disk-full", re.compile("no space left on device|disk quota exceeded", re.IGNORECASE)),
    ("no-engine", re.compile("docker daemon|daemon socket", re.IGNORECASE)),
    # No fallback to SSH for this one: a registry that serves other bytes must be reported.
    ("wrong-image", re.compile("verification failed|unexpected commit digest", re.IGNORECASE)),
    ("no-such-digest", re.compile("manifest unknown|not found", re.IGNORECASE)),
    (
        "login-refused",
        re.compile("unauthorized|authentication|denied|no basic auth", re.IGNORECASE),
    ),
)
"""Reason codes by the engines' messages, the most specific first; other messages: no code."""

NO_FOLDER, NO_LOGIN = 70, 71
LOGIN_AND_PULL = f"""
folder=$(mktemp -d) || exit {NO_FOLDER}
trap 'rm -rf "$folder"' EXIT
trap 'exit 143' HUP INT TERM
user=$1 host=$2 reference=$3
shift 3
"$@" --config "$folder" login --username "$user" --password-stdin "$host" >&2 || exit {NO_LOGIN}
"$@" --config "$folder" pull --quiet "$reference"
"""
"""Logs in, pulls and deletes the login in one command on the machine: the login is deleted even if
the connection breaks."""


def deliver(
    shell: SshClient,
    image: Image,
    pushed: Pushed | None,
    login: Login | None,
    *,
    docker: Sequence[str] = ("docker",),
) -> None:
    """Put ``image`` on the machine behind ``shell``, unless it is there already.

    The machine pulls it from the registry if it was ``pushed`` (``login`` is ``None`` for a
    registry without one). Without a registry, or if the machine cannot reach it, the image is
    streamed through the shell. ``docker`` are the words of the machine's docker command.

    Raises ``DeliveryFailed`` with a reason code; ``wrong-image`` if the id of what arrived differs.
    """
    if _is_there(shell, image, docker):
        return
    if pushed is None or not _pull(shell, pushed, login, docker):
        _stream(shell, image, docker)
    if not _is_there(shell, image, docker):
        raise DeliveryFailed(
            "wrong-image",
            f"{image.reference}: what arrived is not {image.digest}{_other_ids(shell, docker)}",
        )


def _is_there(shell: SshClient, image: Image, docker: Sequence[str]) -> bool:
    found = shell.run([*docker, "image", "inspect", "--format", "{{.Id}}", image.digest])
    return found.code == 0 and found.stdout.decode(errors="replace").strip() == image.digest


def _pull(shell: SshClient, pushed: Pushed, login: Login | None, docker: Sequence[str]) -> bool:
    """Whether it was pulled; ``False``: the machine cannot reach the registry."""
    if login is None:
        words = [*docker, "pull", "--quiet", pushed.reference]
        pulled = shell.run(words, timeout=PULL_SECONDS)
    else:
        words = ["sh", "-c", LOGIN_AND_PULL, "eqc", login.user, login.host, pushed.reference]
        secret = login.secret.encode()
        pulled = shell.run([*words, *docker], stdin=secret, timeout=PULL_SECONDS)
    if pulled.code == 0:
        return True
    code = "disk-full" if pulled.code == NO_FOLDER else _why(pulled)
    if code is None:
        return False
    # The engine's message about a failed login is not shown: it could contain the secret.
    said = "the login" if pulled.code == NO_LOGIN else pulled.complaint
    raise DeliveryFailed(code, f"{pushed.reference}: {said}{_space(shell)}")


def _stream(shell: SshClient, image: Image, docker: Sequence[str]) -> None:
    client = connect()
    try:
        chunks = client.images.get(image.digest).save(named=image.reference)
        source = cast(BinaryIO, Reader(_compressed(chunks)))
        loaded = shell.run([*docker, "load", "--quiet"], stdin=source, timeout=PULL_SECONDS)
    except (OSError, docker_errors.DockerException) as error:
        raise DeliveryFailed(
            "not-read", f"{image.reference} cannot be read from the engine here: {error}"
        ) from error
    finally:
        client.close()
    if loaded.code:
        code = _why(loaded) or "not-loaded"
        raise DeliveryFailed(code, f"{image.reference}: {loaded.complaint}{_space(shell)}")


def _compressed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The chunks as gzip, which every engine loads; level 1: the CPU is slower than the network."""
    squeeze = zlib.compressobj(1, wbits=31)
    for chunk in chunks:
        part = squeeze.compress(chunk)
        if part:
            yield part
    yield squeeze.flush()


def _why(done: Completed) -> str | None:
    said = done.stderr.decode(errors="replace") + done.stdout.decode(errors="replace")
    return next((code for code, pattern in FAILURES if pattern.search(said)), None)


def _space(shell: SshClient) -> str:
    """The machine's free disk space, for messages: an engine's error seldom says "disk full"."""
    free = shell.run(["df", "-h", "--output=avail,target", "/"])
    lines = free.stdout.decode(errors="replace").splitlines()
    return f" (free there: {' '.join(lines[-1].split())})" if free.code == 0 and lines else ""


def _other_ids(shell: SshClient, docker: Sequence[str]) -> str:
    """A hint if the engine uses containerd's store: its image ids differ, so the check fails."""
    told = shell.run([*docker, "info", "--format", "{{json .DriverStatus}}"])
    if b"io.containerd.snapshotter" not in told.stdout:
        return ""
    return (
        '; its engine keeps images in containerd\'s store, under other ids: set "features": '
        '{"containerd-snapshotter": false} in its /etc/docker/daemon.json and restart it'
    )
