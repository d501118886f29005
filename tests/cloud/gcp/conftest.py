"""The Compute Engine fake for the tests of this folder, and a provider that talks to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from orchestrator.fakes.gcp.server import Gce, serving
from orchestrator.providers.cloud import Pace
from orchestrator.providers.gcp.clients import Clients
from orchestrator.providers.gcp.provider import GcpProvider

PACE = Pace(boot=2, settle=0.3, end=2, poll=0.02)


@pytest.fixture(scope="session")
def _gce() -> Iterator[Gce]:
    with serving() as fake:
        yield fake


@pytest.fixture
def gce(_gce: Gce, monkeypatch: pytest.MonkeyPatch) -> Gce:
    """The emptied fake, without containers: instances are up at once, but cannot be reached."""
    for name, value in _gce.environment.items():
        monkeypatch.setenv(name, value)
    _gce.reset()
    return _gce


@pytest.fixture
def clients(gce: Gce) -> Iterator[Clients]:
    made = Clients(patience=0.5)
    yield made
    made.close()


@pytest.fixture
def provider(clients: Clients) -> GcpProvider:
    return GcpProvider(clients, pace=PACE)
