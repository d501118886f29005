"""Bringing an image to a machine: pulled by digest, or streamed by SSH; then proved to be it."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO, cast

from orchestrator.errors import DeliveryFailed
from orchestrator.images.engine import Image, connect
from orchestrator.images.login import Login
from orchestrator.images.registry import Pushed
from orchestrator.shell.command import Completed, Reader
from orchestrator.shell.ssh import SshShell

PULL_SECONDS = 1800.0
FAILURES = (
    ("disk-full", re.compile("no space left on device|disk quota exceeded", re.IGNORECASE)),
    ("no-such-digest", re.compile("manifest unknown|not found", re.IGNORECASE)),
    ("login-refused", re.compile("unauthorized|authentication|denied", re.IGNORECASE)),
)
"""What engines say, in the order of how sure it is. A full disk is often said in other words."""


def deliver(
    shell: SshShell,
    image: Image,
    pushed: Pushed | None,
    login: Login | None,
    *,
    docker: Sequence[str] = ("docker",),
) -> None:
    """Make ``image`` be on the machine behind ``shell``. Raises ``DeliveryFailed``.

    From a registry where it was ``pushed``; where the machine cannot reach that, or there is none,
    through the shell. What arrived has the same content id as here, or it is refused.
    """
    if _is_there(shell, image, docker):
        return
    if pushed is None or not _pull(shell, pushed, login, docker):
        _stream(shell, image, docker)
    if not _is_there(shell, image, docker):
        raise DeliveryFailed(
            "wrong-image", f"{image.reference}: what arrived is not {image.digest}"
        )


def _is_there(shell: SshShell, image: Image, docker: Sequence[str]) -> bool:
    found = shell.run([*docker, "image", "inspect", "--format", "{{.Id}}", image.digest])
    return found.code == 0 and found.stdout.decode(errors="replace").strip() == image.digest


def _pull(shell: SshShell, pushed: Pushed, login: Login | None, docker: Sequence[str]) -> bool:
    """Whether it was pulled; ``False``: the registry cannot be reached from there."""
    with _logged_in(shell, login, docker) as environment:
        pulled = shell.run(
            [*environment, *docker, "pull", "--quiet", pushed.reference], timeout=PULL_SECONDS
        )
    if pulled.code == 0:
        return True
    code = _why(pulled)
    if code is None:
        return False
    raise DeliveryFailed(code, f"{pushed.reference}: {pulled.complaint}{_space(shell)}")


@contextmanager
def _logged_in(
    shell: SshShell, login: Login | None, docker: Sequence[str]
) -> Iterator[tuple[str, ...]]:
    """What to put in front of docker's commands; nothing of the login stays on the machine."""
    if login is None:
        yield ()
        return
    made = shell.run(["mktemp", "-d"])
    folder = made.stdout.decode(errors="replace").strip()
    if made.code or not folder.startswith("/"):
        raise DeliveryFailed("disk-full", f"no folder for the login: {made.complaint}")
    environment = ("env", f"DOCKER_CONFIG={folder}")
    try:
        words = ["login", "--username", login.user, "--password-stdin", login.host]
        done = shell.run([*environment, *docker, *words], stdin=login.secret.encode())
        if done.code:
            # Not what it says: an engine could repeat what it was given.
            code = _why(done) or "no-registry"
            raise DeliveryFailed(code, f"{login.host} refuses the login, or is not reachable there")
        yield environment
    finally:
        shell.run(["rm", "-rf", folder])


def _stream(shell: SshShell, image: Image, docker: Sequence[str]) -> None:
    client = connect()
    try:
        chunks = client.images.get(image.digest).save(named=image.reference)
        source = cast(BinaryIO, Reader(_compressed(chunks)))
        loaded = shell.run([*docker, "load", "--quiet"], stdin=source, timeout=PULL_SECONDS)
    finally:
        client.close()
    if loaded.code:
        code = _why(loaded) or "not-loaded"
        raise DeliveryFailed(code, f"{image.reference}: {loaded.complaint}{_space(shell)}")


def _compressed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """As gzip, which every engine loads; level 1, since lines are faster than processors."""
    squeeze = zlib.compressobj(1, wbits=31)
    for chunk in chunks:
        part = squeeze.compress(chunk)
        if part:
            yield part
    yield squeeze.flush()


def _why(done: Completed) -> str | None:
    said = done.stderr.decode(errors="replace") + done.stdout.decode(errors="replace")
    return next((code for code, pattern in FAILURES if pattern.search(said)), None)


def _space(shell: SshShell) -> str:
    """What is free there: a full disk is reported in many words, some of them misleading."""
    free = shell.run(["df", "-h", "--output=avail,target", "/"])
    line = free.stdout.decode(errors="replace").splitlines()[-1:] or [""]
    return f" (free there: {' '.join(line[0].split())})"
