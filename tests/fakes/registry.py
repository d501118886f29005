"""A real registry for tests: Debian's ``docker-registry`` on loopback, in a process of its own."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import bcrypt

PROGRAM = "docker-registry"
CONFIGURATION = """\
version: 0.1
log: {{level: warn}}
storage:
  filesystem: {{rootdir: {folder}/data}}
  maintenance: {{uploadpurging: {{enabled: false}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""
ACCOUNTS = "auth: {{htpasswd: {{realm: tests, path: {folder}/htpasswd}}}}\n"


class Registry:
    """One registry; ``host`` is how images name it."""

    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self.host = f"127.0.0.1:{port}"
        self._process = process

    def stop(self) -> None:
        """Kill the server, as a power failure would."""
        self._process.kill()
        self._process.wait()


@contextmanager
def serving(folder: Path, *, user: str | None = None, secret: str = "") -> Iterator[Registry]:
    """A registry that stores its data in ``folder``; with ``user``, only that user has access."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    text = CONFIGURATION
    if user is not None:
        hashed = bcrypt.hashpw(secret.encode(), bcrypt.gensalt(4)).decode()
        (folder / "htpasswd").write_text(f"{user}:{hashed}\n")
        text += ACCOUNTS
    configuration = folder / "config.yml"
    configuration.write_text(text.format(folder=folder, port=port))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [shutil.which(PROGRAM) or PROGRAM, "serve", str(configuration)], stdout=log, stderr=log
        )
    try:
        _until_it_answers(port, process, folder / "log")
        yield Registry(port, process)
    finally:
        process.kill()
        process.wait()


def _until_it_answers(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise TimeoutError(f"{PROGRAM} does not start: {log.read_text()[-500:]}")


def log_in(folder: Path, host: str, user: str, secret: str) -> None:
    """Write what ``docker login`` writes into the folder of Docker's configuration."""
    auth = base64.b64encode(f"{user}:{secret}".encode()).decode()
    (folder / "config.json").write_text(json.dumps({"auths": {host: {"auth": auth}}}))
