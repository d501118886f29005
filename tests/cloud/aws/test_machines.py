"""Instances as containers that boot with our user data, are reached by SSH and really end."""

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

from orchestrator.fakes.aws.server import Ec2, serving
from orchestrator.model.machine import Address, Order, ProviderError, ProviderErrorKind
from orchestrator.providers.aws.provider import AwsProvider
from orchestrator.providers.cloud import Pace
from tests.cloud.orders import aws_order

pytestmark = [pytest.mark.cloud_fake, pytest.mark.docker]


@pytest.fixture(scope="module")
def _real() -> Iterator[Ec2]:
    with serving(containers=True) as fake:
        yield fake


@pytest.fixture
def real(_real: Ec2, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ec2]:
    for name, value in _real.environment.items():
        monkeypatch.setenv(name, value)
    _real.reset()
    yield _real
    _real.reset()


@pytest.fixture
def provider(real: Ec2) -> AwsProvider:
    return AwsProvider(pace=Pace(boot=120, settle=0.3, end=10, poll=0.2))


@pytest.fixture
def container(real: Ec2) -> Iterator[Callable[[str], Any]]:
    client = docker.from_env()
    yield lambda instance_id: client.containers.get(f"eqc-fake-{instance_id}")
    client.close()


def login(expires_in: float = 3600) -> tuple[Order, paramiko.PKey]:
    """An order, and the private half of its login key."""
    from orchestrator.ssh.login_keys import new_host_key

    pair = new_host_key()
    order = aws_order(login_key=pair.public, expires=float(int(time.time() + expires_in)))
    return order, paramiko.Ed25519Key.from_private_key(io.StringIO(pair.private))


def connected(address: Address | None, key: paramiko.PKey) -> paramiko.SSHClient:
    """A connection that accepts the one host key that the machine's tag named."""
    assert address is not None
    assert address.host_key is not None
    kind, _, encoded = address.host_key.partition(" ")
    client = paramiko.SSHClient()
    client.get_host_keys().add(
        address.host, kind, paramiko.Ed25519Key(data=base64.b64decode(encoded))
    )
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    client.connect(
        address.host, address.port, address.user, pkey=key, allow_agent=False, look_for_keys=False
    )
    return client


def test_a_machine_is_reached_with_the_key_of_its_order_and_has_docker(
    real: Ec2, provider: AwsProvider, container: Callable[[str], Any]
) -> None:
    order, key = login()
    machine = provider.launch(order)
    up = provider.wait(machine)
    client = connected(up.address, key)
    _, out, _ = client.exec_command("whoami; docker version --format '{{.Server.Version}}'")
    user, version = out.read().decode().split()
    client.close()
    assert user in ("ec2-user", "eqc")
    assert version[0].isdigit()
    code, armed = container(machine.id).exec_run("cat /run/eqc-timer")
    assert code == 0
    seconds = int(armed.decode().partition("--on-active=")[2].split()[0])
    assert 3500 < seconds <= 3600
    provider.release(up)
    with pytest.raises(docker.errors.NotFound):
        container(machine.id)
    assert provider.find() == ()


def test_another_login_key_is_refused(real: Ec2, provider: AwsProvider) -> None:
    order, _ = login()
    _, strangers_key = login()
    up = provider.wait(provider.launch(order))
    with pytest.raises(paramiko.AuthenticationException):
        connected(up.address, strangers_key)


def test_another_host_in_its_place_is_noticed(real: Ec2, provider: AwsProvider) -> None:
    order, key = login()
    up = provider.wait(provider.launch(order))
    assert up.address is not None
    other, _ = login()
    assert other.host_key is not None
    pretended = replace(up.address, host_key=other.host_key.public)
    with pytest.raises(paramiko.BadHostKeyException):
        connected(pretended, key)


def test_a_machine_that_shuts_itself_down_is_terminated(
    real: Ec2, provider: AwsProvider, container: Callable[[str], Any]
) -> None:
    order, _ = login()
    up = provider.wait(provider.launch(order))
    container(up.id).exec_run(["systemctl", "poweroff", "--force"])
    container(up.id).wait(timeout=30)
    with pytest.raises(ProviderError, match="InstanceInitiatedShutdown") as raised:
        provider.wait(up)
    assert raised.value.kind is ProviderErrorKind.GONE
    assert provider.find() == ()
    provider.release(up)


@pytest.mark.slow
def test_a_machine_ends_itself_after_its_time(real: Ec2, provider: AwsProvider) -> None:
    order, _ = login(expires_in=1)  # the timer allows at least 60 s
    up = provider.wait(provider.launch(order))
    end = time.monotonic() + 90
    while provider.find() and time.monotonic() < end:
        time.sleep(2)
    assert provider.find() == ()
    with pytest.raises(ProviderError):
        provider.wait(up)


def test_a_killed_machine_is_gone(
    real: Ec2, provider: AwsProvider, container: Callable[[str], Any]
) -> None:
    order, _ = login()
    up = provider.wait(provider.launch(order))
    container(up.id).kill()
    with pytest.raises(ProviderError) as raised:
        provider.wait(up)
    assert raised.value.kind is ProviderErrorKind.GONE
    provider.release(up)


def test_released_while_it_boots(
    real: Ec2, provider: AwsProvider, container: Callable[[str], Any]
) -> None:
    order, _ = login()
    machine = provider.launch(order)
    provider.release(machine)
    real._machines.close()
    with pytest.raises(docker.errors.NotFound):
        container(machine.id)


@pytest.mark.arm64
@pytest.mark.slow
@pytest.mark.usefixtures("arm64_images")
def test_an_arm64_spot_machine_is_arm64_and_spot(real: Ec2) -> None:
    provider = AwsProvider(pace=Pace(boot=600, settle=0.3, end=10, poll=1))
    pair, key = login()
    order = aws_order(
        "c6g.large",
        spot=True,
        login_key=pair.login_key,
        expires=pair.expires,
        host_key=pair.host_key,
    )
    up = provider.wait(provider.launch(order))
    assert (up.architecture, up.offer.spot) == ("arm64", True)
    client = connected(up.address, key)
    _, out, _ = client.exec_command("uname -m")
    assert out.read().split() == [b"aarch64"]
    client.close()
    provider.release(up)
    assert provider.find() == ()
