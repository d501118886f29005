"""Provider ``ssh``: addresses from placements, and what ``doctor`` can see without a login."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from orchestrator.model.experiment import Platform, pairs
from orchestrator.model.machine import (
    Address,
    Level,
    Order,
    ProviderError,
    ProviderErrorKind,
    SshHost,
    SshPlacement,
)
from orchestrator.providers.ssh.provider import SshProvider
from orchestrator.ssh.login_keys import new_host_key

KEY = new_host_key().public


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Whoever runs the tests may have an SSH configuration of their own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir()
    return tmp_path


def platform(host: SshHost | None) -> Platform:
    placement = None if host is None else SshPlacement(host)
    return Platform("ssh", "ssh/alpha", pairs({"host": "alpha"}), placement)


def test_the_machine_is_where_the_placement_and_the_configuration_say(home: Path) -> None:
    (home / ".ssh/config").write_text("Host alpha\n  HostName 10.0.0.1\n  User you\n  Port 2222\n")
    bastion = SshHost("bastion", host_key=KEY, jump=SshHost("outer"))
    asked = platform(SshHost("alpha", user="me", identity="/k", jump=bastion))
    jump = Address("bastion", host_key=KEY, jump=Address("outer"))
    machine = SshProvider().launch(Order("run", asked))
    assert machine.address == Address("10.0.0.1", 2222, "me", identities=("/k",), jump=jump)


def test_without_a_host_the_order_is_refused() -> None:
    with pytest.raises(ProviderError, match="names no host"):
        SshProvider().launch(Order("run", platform(None)))


def test_a_configuration_that_cannot_be_followed_is_a_refusal_and_a_finding(home: Path) -> None:
    (home / ".ssh/config").write_text("Host alpha\n  Port many\n")
    asked = platform(SshHost("alpha"))
    with pytest.raises(ProviderError, match=r"\.ssh/config: host alpha: Port many") as raised:
        SshProvider().launch(Order("run", asked))
    assert raised.value.kind is ProviderErrorKind.INVALID
    (finding,) = SshProvider().check([asked])
    assert (finding.level, "Port many" in finding.message) == (Level.ERROR, True)


def test_a_host_that_answers_and_is_known_is_fine(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        known = tmp_path / "known_hosts"
        known.write_text(f"[127.0.0.1]:{port} {KEY}\n")
        host = platform(SshHost("127.0.0.1", port, known_hosts=str(known)))
        levels = [finding.level for finding in SshProvider().check([host])]
    assert levels == [Level.OK, Level.OK]


def test_each_thing_wrong_is_a_finding_that_says_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    none = str(tmp_path / "none")
    host = platform(SshHost("127.0.0.1", port, known_hosts=none, identity=none))
    found = [f.message for f in SshProvider().check([host]) if f.level is Level.ERROR]
    parts = ["is it up", f"put it into {none} under the name [127.0.0.1]", "no file", "no file"]
    assert len(found) == len(parts)
    assert all(part in message for part, message in zip(parts, found, strict=True))


def test_what_is_behind_a_jump_host_is_not_knocked_at_from_here() -> None:
    host = platform(SshHost("inside", host_key=KEY, jump=SshHost("127.0.0.1", 1)))
    found = SshProvider().check([host])
    assert [f.level for f in found] == [Level.OK, Level.OK, Level.ERROR, Level.ERROR]
