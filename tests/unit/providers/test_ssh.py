"""Provider ``ssh``: addresses from placements, and what ``doctor`` can check without a login."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from orchestrator.model.experiment import Platform, Scalar, pairs
from orchestrator.model.machine import Address, Level, Order, ProviderError
from orchestrator.providers.ssh import SshProvider, address_of
from orchestrator.ssh.login_keys import new_host_key

KEY = new_host_key().public


def platform(**placement: Scalar) -> Platform:
    return Platform("ssh", "ssh/alpha", pairs({"host": "alpha"}), pairs(placement))


def test_an_address_has_all_that_a_placement_says() -> None:
    found = address_of(
        platform(
            address="10.0.0.1",
            port=2222,
            user="me",
            identity="/k",
            jump_address="bastion",
            jump_host_key=KEY,
            jump_jump_address="outer",
        )
    )
    outer = Address("outer")
    jump = Address("bastion", host_key=KEY, jump=outer)
    assert found == Address("10.0.0.1", 2222, "me", identity="/k", jump=jump)


def test_without_an_address_the_order_is_refused() -> None:
    with pytest.raises(ProviderError, match="no address"):
        SshProvider().launch(Order("run", platform()))


def test_a_host_that_answers_and_is_known_is_fine(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        known = tmp_path / "known_hosts"
        known.write_text(f"[127.0.0.1]:{port} {KEY}\n")
        host = platform(address="127.0.0.1", port=port, known_hosts=str(known))
        levels = [finding.level for finding in SshProvider().check([host])]
    assert levels == [Level.OK, Level.OK]


def test_each_thing_wrong_is_a_finding_that_says_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    none = str(tmp_path / "none")
    host = platform(address="127.0.0.1", port=port, known_hosts=none, identity=none)
    found = [f.message for f in SshProvider().check([host]) if f.level is Level.ERROR]
    parts = ["is it up", f"put it into {none} under the name [127.0.0.1]", "no file", "no file"]
    assert len(found) == len(parts)
    assert all(part in message for part, message in zip(parts, found, strict=True))


def test_a_host_behind_a_jump_host_is_not_connected_to_directly() -> None:
    host = platform(address="inside", host_key=KEY, jump_address="127.0.0.1", jump_port=1)
    found = SshProvider().check([host])
    assert [f.level for f in found] == [Level.OK, Level.OK, Level.ERROR, Level.ERROR]
