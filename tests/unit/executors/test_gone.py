"""While a machine cannot be reached, the provider is asked whether it still exists."""

from __future__ import annotations

import socket
import time
from threading import Event

import pytest

from orchestrator.errors import ConnectionLost
from orchestrator.model.machine import Address
from orchestrator.ssh.client import SshClient, reconnecting


@pytest.fixture
def nobody() -> Address:
    """A port of this computer on which no process listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    return Address("127.0.0.1", port, "eqc", host_key="ssh-ed25519 AAAA")


def test_a_machine_that_has_ended_is_not_waited_for(nobody: Address) -> None:
    began = time.monotonic()
    with (
        SshClient(nobody, gone=lambda: "i-1 is terminated") as shell,
        pytest.raises(ConnectionLost, match="i-1 is terminated"),
    ):
        reconnecting(shell, lambda: shell.run(["true"]), reconnect_seconds=60.0)
    assert time.monotonic() - began < 10


def test_a_machine_of_unknown_state_is_waited_for(nobody: Address) -> None:
    asked: list[None] = []
    with (
        SshClient(nobody, gone=lambda: asked.append(None)) as shell,
        pytest.raises(ConnectionLost, match="no connection"),
    ):
        shell.wait_until_reachable(1.0, Event())
    assert asked
