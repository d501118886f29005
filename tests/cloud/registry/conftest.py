"""A registry, a machine that pulls from it, and images of a few bytes.

The machine uses this computer's Docker engine (there is no engine in a container here), so an image
is removed before it is delivered again. Where the two would have to hold different images,
``far_engine`` replaces the machine's Docker command and knows only images delivered through it.
"""

from __future__ import annotations

import io
import os
import secrets
import tarfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import docker
import docker.errors
import pytest

from orchestrator.images import Image
from tests.cloud.ssh.conftest import FakeHost, client, fake, login, shell
from tests.fakes import registry
from tests.fakes.registry import Registry

__all__ = ["client", "fake", "login", "shell"]

USER, SECRET = "ada", "correct-horse-battery-staple"
FAR_ENGINE = """\
#!/bin/sh
# A Docker client whose engine knows only what came through it.
while [ "$1" = --config ]; do config=$2; shift 2; done
set -- ${config:+--config "$config"} "$@"
case " $* " in
  *" image inspect "*) [ -e /home/eqc/arrived ] || { echo "No such image" >&2; exit 1; } ;;
  *" load "*) tee /home/eqc/arrived | docker "$@"; exit ;;
esac
exec docker "$@"
"""


@pytest.fixture
def image(client: docker.DockerClient) -> Iterator[Image]:
    """A new image for each test, removed after it."""
    name = f"eqc-fake-image:{secrets.token_hex(6)}"
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        content = os.urandom(3000)
        entry = tarfile.TarInfo("payload")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    repository, _, tag = name.partition(":")
    client.api.import_image_from_data(archive.getvalue(), repository=repository, tag=tag)
    made = Image("numpy", name, str(client.images.get(name).id))
    yield made
    forget(client, made)


def forget(client: docker.DockerClient, image: Image) -> None:
    """Remove an image by all its names."""
    with suppress(docker.errors.ImageNotFound):
        client.images.remove(image.digest, force=True)


@pytest.fixture
def open_registry(tmp_path: Path) -> Iterator[Registry]:
    with registry.serving(tmp_path) as serving:
        yield serving


@pytest.fixture
def guarded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """A registry that admits only ``USER``; Docker on this computer has the login."""
    with registry.serving(tmp_path, user=USER, secret=SECRET) as serving:
        folder = tmp_path / "docker"
        folder.mkdir()
        monkeypatch.setenv("DOCKER_CONFIG", str(folder))
        registry.log_in(folder, serving.host, USER, SECRET)
        yield serving


@pytest.fixture
def program(fake: FakeHost) -> Iterator[Callable[[str], tuple[str, ...]]]:
    """Installs a script on the machine; returns the command with which ``deliver`` uses it."""

    def put(script: str) -> tuple[str, ...]:
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            entry = tarfile.TarInfo("docker-for-tests")
            entry.size, entry.mode = len(script.encode()), 0o755
            tar.addfile(entry, io.BytesIO(script.encode()))
        fake.container.put_archive("/usr/local/bin", archive.getvalue())
        return ("docker-for-tests",)

    yield put
    fake.sh("rm -rf /usr/local/bin/docker-for-tests /home/eqc/*")


@pytest.fixture
def far_engine(program: Callable[[str], tuple[str, ...]]) -> tuple[str, ...]:
    return program(FAR_ENGINE)
