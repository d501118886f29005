"""A container and a process of the same versions are the same software."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from orchestrator.executors.process import installed_software
from orchestrator.images import ImageBuilder, connect
from orchestrator.model.experiment import Installation
from orchestrator.store.read import read
from tests.e2e.running import eqc, written

pytestmark = pytest.mark.docker
TEXT = """\
schema: 1
name: same
workloads: [{model: builtin:lenet5, on: [numpy]}]
inputs: [{random: {shape: [1, 32, 32, 1], seed: 1, distribution: uniform}}]
platforms: [{provider: local}]
observe: {sessions: 1}
"""


@pytest.fixture
def client() -> Iterator[docker.DockerClient]:
    found = connect()
    yield found
    found.close()


NUMPY = Installation("numpy")


def test_an_image_says_what_is_in_it_and_is_asked_once(
    client: docker.DockerClient, small_cache: Path
) -> None:
    said: list[str] = []
    builder = ImageBuilder(client, said.append)
    image = ImageBuilder(client).ensure(NUMPY)
    first = builder.software(image, NUMPY)
    assert first.version
    assert first == builder.software(image, NUMPY)
    assert len(said) == 1
    # The development environment is made of the same lock.
    assert first.id == installed_software(NUMPY).id
    assert client.containers.list(all=True, filters={"label": "eqc=software"}) == []


def test_what_containers_computed_processes_need_not_compute_again(tmp_path: Path) -> None:
    spec = written(tmp_path, TEXT)
    for isolation in ("docker", "docker", "process"):
        done = eqc("run", spec, "--isolation", isolation, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    (record,) = read(tmp_path / "results").records
    assert record.machine.isolation == "docker"
