"""One EC2 fake for all rows of the matrix, emptied after each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from orchestrator.fakes.aws.server import Ec2, serving
from orchestrator.images import ImageBuilder, connect
from tests.cloud.faults.lab import Lab
from tests.cloud.faults.machines import Altered
from tests.cloud.two_clouds import as_this_computer


@pytest.fixture(scope="session")
def _engine() -> Iterator[docker.DockerClient]:
    client = connect()
    ImageBuilder(client).ensure("numpy")
    yield client
    client.close()


@pytest.fixture(scope="session")
def _machines(_engine: docker.DockerClient) -> Altered:
    return Altered()


@pytest.fixture(scope="session")
def _ec2(_machines: Altered) -> Iterator[Ec2]:
    with serving(machines=_machines) as ec2:
        _machines.type_of = lambda name: ec2.instances[name].parameters["InstanceType"]
        yield ec2


@pytest.fixture(scope="session")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cache = tmp_path_factory.mktemp("cache")
    as_this_computer(cache)
    return cache


@pytest.fixture
def lab(
    _ec2: Ec2, _machines: Altered, _engine: docker.DockerClient, _cache: Path, tmp_path: Path
) -> Iterator[Lab]:
    yield Lab(_ec2, _machines, _engine, tmp_path, _cache)
    _machines.sound()
    _ec2.reset()
