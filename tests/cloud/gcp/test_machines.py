"""Instances as containers that boot with our metadata, are reached by SSH and really end."""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import docker
import paramiko
import pytest

from orchestrator.fakes.gcp.server import Gce, serving
from orchestrator.model.machine import Address, Order, ProviderError, ProviderErrorKind
from orchestrator.providers.cloud import Pace
from orchestrator.providers.gcp.clients import Clients
from orchestrator.providers.gcp.provider import GcpProvider
from orchestrator.ssh.login_keys import new_host_key
from tests.cloud.orders import gcp_order

pytestmark = [pytest.mark.cloud_fake, pytest.mark.docker]


@pytest.fixture(scope="module")
def _real() -> Iterator[Gce]:
    with serving(containers=True) as fake:
        yield fake
        assert fake.cloud._machines.failures == []


@pytest.fixture
def real(_real: Gce, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gce]:
    for name, value in _real.environment.items():
        monkeypatch.setenv(name, value)
    _real.reset()
    yield _real
    _real.reset()


@pytest.fixture
def provider(real: Gce) -> Iterator[GcpProvider]:
    clients = Clients(patience=0.5)
    yield GcpProvider(clients, pace=Pace(boot=240, settle=0.3, end=20, poll=0.2))
    clients.close()


@pytest.fixture
def container(real: Gce) -> Iterator[Callable[[str], Any]]:
    client = docker.from_env()
    yield lambda name: client.containers.get(f"eqc-fake-{name}")
    client.close()


def login(run: str, **changes: Any) -> tuple[Order, paramiko.PKey]:
    """An order, and the private half of its login key."""
    pair = new_host_key()
    order = gcp_order(run=run, login_key=pair.public, **changes)
    return order, paramiko.Ed25519Key.from_private_key(io.StringIO(pair.private))


def connected(address: Address | None, key: paramiko.PKey) -> paramiko.SSHClient:
    assert address is not None
    assert address.host_key is not None
    client = paramiko.SSHClient()
    kind, _, body = address.host_key.partition(" ")
    expected = paramiko.Ed25519Key(data=base64.b64decode(body))
    client.get_host_keys().add(address.host, kind, expected)
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    client.connect(
        address.host, address.port, address.user, pkey=key, allow_agent=False, look_for_keys=False
    )
    return client


def test_a_machine_is_reached_with_the_key_of_its_order_and_has_docker(
    real: Gce, provider: GcpProvider, container: Callable[[str], Any]
) -> None:
    order, key = login("reached")
    machine = provider.launch(order)
    up = provider.wait(machine)
    client = connected(up.address, key)
    _, out, _ = client.exec_command("whoami; docker version --format '{{.Server.Version}}'")
    user, version = out.read().decode().split()
    client.close()
    assert user == "eqc"
    assert version[0].isdigit()
    mode = container(machine.id).exec_run("stat -c %a /run/eqc/ssh_host_ed25519_key")
    assert mode.output.strip() == b"600"
    provider.release(up)
    with pytest.raises(docker.errors.NotFound):
        container(machine.id)
    assert provider.find() == ()


@pytest.mark.arm64
@pytest.mark.slow
@pytest.mark.usefixtures("arm64_images")
def test_an_arm64_machine_is_arm64(real: Gce, provider: GcpProvider) -> None:
    order, key = login("arm", machine_type="t2a-standard-2")
    up = provider.wait(provider.launch(order))
    assert up.architecture == "arm64"
    client = connected(up.address, key)
    _, out, _ = client.exec_command("uname -m")
    assert out.read().decode().strip() == "aarch64"
    client.close()


def test_another_login_key_is_refused(real: Gce, provider: GcpProvider) -> None:
    order, _ = login("stranger")
    _, strangers_key = login("stranger")
    up = provider.wait(provider.launch(order))
    with pytest.raises(paramiko.AuthenticationException):
        connected(up.address, strangers_key)


def test_another_host_in_its_place_is_noticed(real: Gce, provider: GcpProvider) -> None:
    order, key = login("other")
    up = provider.wait(provider.launch(order))
    assert up.address is not None
    pretended = replace(up.address, host_key=new_host_key().public)
    with pytest.raises(paramiko.BadHostKeyException):
        connected(pretended, key)


def test_a_machine_is_ended_after_its_time(
    real: Gce, provider: GcpProvider, container: Callable[[str], Any]
) -> None:
    order, _ = login("expired", expires=time.time() + 1)  # the shortest duration is 60 s
    machine = provider.wait(provider.launch(order))
    allowed = real.cloud.instance(machine.id)["scheduling"]["maxRunDuration"]
    assert allowed["seconds"] == "60"
    allowed["seconds"] = "1"  # shortened, so that the test is quick
    end = time.monotonic() + 30
    while provider.find() and time.monotonic() < end:
        time.sleep(0.1)
    assert provider.find() == ()
    with pytest.raises(docker.errors.NotFound):
        container(machine.id)
    with pytest.raises(ProviderError, match="MaxRunDuration") as raised:
        provider.wait(machine)
    assert raised.value.kind is ProviderErrorKind.GONE


def test_a_killed_machine_is_gone(
    real: Gce, provider: GcpProvider, container: Callable[[str], Any]
) -> None:
    order, _ = login("killed")
    up = provider.wait(provider.launch(order))
    container(up.id).kill()
    with pytest.raises(ProviderError, match="TERMINATED") as raised:
        provider.wait(up)
    assert raised.value.kind is ProviderErrorKind.GONE
    # A stopped instance's disk still costs money, so it is listed until it is deleted.
    assert [m.id for m in provider.find()] == [up.id]
    provider.release(up)
    assert provider.find() == ()


def test_released_while_it_boots(
    real: Gce, provider: GcpProvider, container: Callable[[str], Any]
) -> None:
    order, _ = login("early")
    machine = provider.launch(order)
    provider.release(machine)
    real.cloud._machines._boots[machine.id].join(60)
    with pytest.raises(docker.errors.NotFound):
        container(machine.id)
    assert provider.find() == ()
