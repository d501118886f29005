"""The EC2 fake for the tests of this folder, and an AWS provider that talks to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from orchestrator.fakes.aws.server import Ec2, serving
from orchestrator.providers.aws.ami import Amis
from orchestrator.providers.aws.clients import Clients
from orchestrator.providers.aws.provider import AwsProvider
from orchestrator.providers.cloud import Pace

PACE = Pace(boot=2, settle=0.3, end=1, poll=0.02)


@pytest.fixture(scope="session")
def _ec2() -> Iterator[Ec2]:
    with serving() as fake:
        yield fake


@pytest.fixture
def ec2(_ec2: Ec2, monkeypatch: pytest.MonkeyPatch) -> Ec2:
    """The emptied fake, without containers: instances are up at once, but cannot be reached."""
    for name, value in _ec2.environment.items():
        monkeypatch.setenv(name, value)
    _ec2.reset()
    return _ec2


@pytest.fixture(scope="session")
def _clients() -> Clients:
    return Clients()


@pytest.fixture(scope="session")
def _amis(_clients: Clients) -> Amis:
    return Amis(_clients)


@pytest.fixture
def provider(ec2: Ec2, _clients: Clients, _amis: Amis) -> AwsProvider:
    """A new provider; only its clients and image lookups, which are slow to make, are shared."""
    return AwsProvider(_clients, amis=_amis, pace=PACE)
