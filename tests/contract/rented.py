"""Rented machines for the contract suite: each cloud's provider, its fake, and an order for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import pytest

from orchestrator.model.machine import Order, Provider


@dataclass(frozen=True)
class Rented:
    """One provider and the fake of its cloud."""

    make: Callable[[], Provider]
    """Makes a new provider without any state, as another process would."""
    order: Order
    lose_a_reply: Callable[[], object]
    """Lets the next launch make a machine whose reply is lost."""
    machines: Callable[[], tuple[str, ...]]
    """The ids of all machines that the fake has."""


@contextmanager
def aws() -> Iterator[Rented]:
    from orchestrator.fakes.aws.server import serving
    from orchestrator.providers.aws.clients import Clients
    from orchestrator.providers.aws.provider import AwsProvider
    from orchestrator.providers.cloud import Pace
    from tests.cloud.orders import aws_order

    with serving() as fake, _environment(fake.environment):
        clients = Clients()
        yield Rented(
            lambda: AwsProvider(clients, pace=Pace(boot=10, settle=0.3, end=2, poll=0.05)),
            aws_order(),
            lambda: fake.rule("RunInstances", cut=True, times=1),
            fake.machines,
        )


@contextmanager
def gcp() -> Iterator[Rented]:
    from orchestrator.fakes.gcp.server import serving
    from orchestrator.providers.cloud import Pace
    from orchestrator.providers.gcp.clients import Clients
    from orchestrator.providers.gcp.provider import GcpProvider
    from tests.cloud.orders import gcp_order

    with serving() as fake, _environment(fake.environment):
        clients = Clients()
        yield Rented(
            lambda: GcpProvider(clients, pace=Pace(boot=10, settle=0.3, end=2, poll=0.05)),
            gcp_order(),
            lambda: fake.rule("instances.insert", cut=True, times=1),
            fake.machines,
        )
        clients.close()


CASES: Mapping[str, Callable[[], AbstractContextManager[Rented]]] = {"aws": aws, "gcp": gcp}


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setenv(name, value)
        yield
