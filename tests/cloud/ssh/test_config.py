"""A machine that only the user's SSH configuration knows how to reach: real sshd, a real jump."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.errors import HostKeyRefused
from orchestrator.fakes import sshd
from orchestrator.model.experiment import Platform, pairs
from orchestrator.model.machine import Address, Level, Order, SshHost, SshPlacement
from orchestrator.providers.ssh.provider import SshProvider
from orchestrator.ssh import login_keys
from orchestrator.ssh.client import SshClient
from tests.cloud.ssh.conftest import FakeHost

pytestmark = pytest.mark.docker

DEEP = Platform("ssh", "ssh/deep", pairs({"host": "deep"}), SshPlacement(SshHost("deep")))


@pytest.fixture
def known(
    fake: FakeHost, make: Callable[..., FakeHost], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """``deep`` is the fake behind another one; returns the file with the keys of both."""
    gate = make(engine=False)
    folder = tmp_path / ".ssh"
    folder.mkdir()
    known = folder / "keys of hosts"
    known.write_text(
        f"[{gate.address.host}]:{gate.address.port} {gate.host_key}\nthe-deep-one {fake.host_key}\n"
    )
    (folder / "key").symlink_to(gate.address.identities[0])
    (folder / "gate").write_text(
        f"Host gate\n  HostName {gate.address.host}\n  Port {gate.address.port}\n"
    )
    (folder / "config").write_text(
        f"Include gate\nHost deep\n  HostName {sshd.inside(fake.container)}\n"
        "  ProxyJump gate\n  HostKeyAlias the-deep-one\n"
        f"Host *\n  User {sshd.USER}\n  IdentityFile ~/.ssh/key\n"
        '  UserKnownHostsFile "~/.ssh/keys of hosts"\n'
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    return known


def reached() -> Address:
    address = SshProvider().launch(Order("run", DEEP)).address
    assert address is not None
    return address


@pytest.mark.usefixtures("known")
def test_it_is_reached_by_its_name_alone(fake: FakeHost) -> None:
    with SshClient(reached()) as shell:
        assert shell.run(["hostname"]).stdout.decode().strip() == fake.sh("hostname").strip()
    assert {finding.level for finding in SshProvider().check([DEEP])} == {Level.OK}


def test_its_key_is_the_one_of_its_alias(known: Path) -> None:
    text = known.read_text()
    known.write_text(text.replace("the-deep-one", "another-one"))
    with SshClient(reached()) as shell:
        with pytest.raises(HostKeyRefused, match=r"keys of hosts.*under the name the-deep-one"):
            shell.run(["true"])
        known.write_text(text.split("the-deep-one")[0])
        known.write_text(known.read_text() + f"the-deep-one {login_keys.new_host_key().public}\n")
        with pytest.raises(HostKeyRefused, match="offers the host key"):
            shell.run(["true"])
