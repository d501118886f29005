"""The user's SSH configuration, by what OpenSSH itself makes of the same file (``ssh -G``)."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.errors import EnvironmentNotReady
from orchestrator.model.machine import Address, SshHost
from orchestrator.ssh.config import resolved
from orchestrator.ssh.known_hosts import SYSTEM_KNOWN_HOSTS, known_as

GENERAL = "Host *\n  User everybody\n  IdentityFile ~/.ssh/general\n"
FILES = {
    "a name": "Host alpha\n  HostName 10.0.0.1\n",
    "user and port": "Host alpha\n  User me\n  Port 2222\n",
    "of two the first": "Host alpha\n  Port 1\nHost al*\n  Port 2\n  User me\n",
    "not for us": "Host * !alpha\n  User me\nHost beta\n  Port 3\n",
    "= and quotes": 'Host "alpha"\n  HostName="10.0.0.2"\n  Port = 24\n',
    "a name of the name": "Host alpha\n  HostName %h.example\n",
    "identities": "Host alpha\n  IdentityFile ~/.ssh/own\n" + GENERAL,
    "identities of the home": "Host alpha\n  IdentityFile %d/.ssh/own\n",
    "an alias of the key": "Host alpha\n  HostKeyAlias beta\n  Port 24\n",
    "known hosts": "Host alpha\n  UserKnownHostsFile ~/.ssh/own /tmp/general\n",
    "known hosts in quotes": 'UserKnownHostsFile "~/.ssh/own" "/tmp/two"\nHost alpha\n  Port 3\n',
    "a match": "Match host alpha\n  User me\nMatch originalhost beta\n  Port 3\n",
    "a match that is not": "Match !host alpha\n  User me\n",
    "a match of the new name": "Host alpha\n  HostName b.lab\nMatch host *.lab\n  User me\n",
    "match all": "Match all\n  Port 99\n",
    "included": "Include more\nHost alpha\n  User me\n",
    "included, and not in its last section": "Include more\nUser after\n",
    "included by a pattern": "Include ~/.ssh/more* nothing-here\n",
    "comments": "# a comment\n\n   # another\nHost alpha # with words\n  User me\n",
}
MORE = "Host beta\n  Port 1\nHost alpha\n  Port 77\nHost gamma\n  User wrong\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / ".ssh"
    folder.mkdir(mode=0o700)
    for name in ("own", "general"):
        (folder / name).touch()
    (folder / "more").write_text(MORE)
    return folder


def written(folder: Path, text: str) -> Path:
    path = folder / "config"
    path.write_text(text)
    path.chmod(0o600)
    return path


def openssh(path: Path) -> dict[str, list[str]]:
    """What ssh would do, by setting."""
    done = subprocess.run(
        ["ssh", "-G", "-F", path, "alpha"], capture_output=True, text=True, check=True
    )
    said: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        key, _, value = line.partition(" ")
        said.setdefault(key, []).append(value)
    return said


@pytest.mark.skipif(shutil.which("ssh") is None, reason="ssh is not installed")
@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_a_host_is_where_openssh_finds_it(folder: Path, text: str) -> None:
    path = written(folder, text)
    # ssh looks for its own home in the user database, not in the environment.
    said = openssh(written(folder, text.replace("~", str(folder.parent))))
    written(folder, text)
    found = resolved(SshHost("alpha"), path)
    assert found.host == said["hostname"][0]
    assert str(found.port) == said["port"][0]
    assert said["user"][0] == (found.user or pwd.getpwuid(os.getuid()).pw_name)
    assert [found.host_key_alias] == said.get("hostkeyalias", [None])
    if "IdentityFile" in text:
        home = str(Path("~").expanduser())
        theirs = [name.replace("%d", home) for name in said["identityfile"]]
        assert list(found.identities) == theirs
    if "UserKnownHostsFile" in text:
        theirs = said["userknownhostsfile"][0].split()
        assert list(found.known_hosts) == [*theirs, SYSTEM_KNOWN_HOSTS]


def test_a_match_may_run_a_command(folder: Path) -> None:
    path = written(folder, 'Match exec "test %n = alpha"\n  User me\n')
    code = (
        "import sys; from pathlib import Path\n"
        "from orchestrator.model.machine import SshHost\n"
        "from orchestrator.ssh.config import resolved\n"
        "print(*(resolved(SshHost(n), Path(sys.argv[1])).user for n in ('alpha', 'beta')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, path], stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert done.stdout == "me None\n", done.stderr


def test_without_a_configuration_nothing_is_said(tmp_path: Path) -> None:
    assert resolved(SshHost("alpha"), tmp_path / "none") == Address("alpha")


def test_what_the_experiment_says_wins(folder: Path) -> None:
    text = "User no\nPort 1\nIdentityFile no\nUserKnownHostsFile no\nHost a\n  ProxyJump no\n"
    path = written(folder, text)
    host = SshHost("a", 22, "me", known_hosts="/kh", identity="/id", jump=SshHost("j", 3, "you"))
    found = resolved(host, path)
    assert (found.host, found.port, found.user) == ("a", 22, "me")
    assert (found.identities, found.known_hosts) == (("/id",), ("/kh",))
    assert found.jump is not None
    assert (found.jump.host, found.jump.port, found.jump.user) == ("j", 3, "you")


def test_jumps_are_hosts_of_the_configuration_too(folder: Path) -> None:
    path = written(
        folder,
        "Host alpha\n  ProxyJump you@outer:24,inner\nHost outer\n  HostName 10.0.0.9\n  User no\n"
        "Host inner\n  HostKeyAlias deep\n",
    )
    outer = Address("10.0.0.9", 24, "you")
    assert resolved(SshHost("alpha"), path).jump == Address(
        "inner", host_key_alias="deep", jump=outer
    )
    named = resolved(SshHost("beta", jump=SshHost("outer")), path)
    assert named.jump == Address("10.0.0.9", user="no")


def test_no_jump_where_it_says_none(folder: Path) -> None:
    text = "Host alpha\n  ProxyJump none\n  ProxyCommand none\nHost *\n  ProxyJump b\n"
    assert resolved(SshHost("alpha"), written(folder, text)).jump is None


def test_identities_that_are_not_there_are_left_out_unless_all_are_so(folder: Path) -> None:
    path = written(folder, "IdentityFile ~/.ssh/gone\nIdentityFile ~/.ssh/own\n")
    assert resolved(SshHost("alpha"), path).identities == (str(folder / "own"),)
    path = written(folder, "IdentityFile ~/.ssh/gone\n")
    assert resolved(SshHost("alpha"), path).identities == (str(folder / "gone"),)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        (Address("Alpha"), "alpha"),
        (Address("10.0.0.1", 24), "[10.0.0.1]:24"),
        (Address("10.0.0.1", 24, host_key_alias="alpha"), "alpha"),
    ],
)
def test_keys_are_known_by_openssh_s_name(address: Address, name: str) -> None:
    assert known_as(address) == name


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("Host alpha\n  Port\n", "config:2: "),
        ("Host alpha\n  Port many\n", "config: host alpha: Port many is not a number"),
        ("Port 99999\n", "Port 99999 is not a number from 1 to 65535"),
        ('Host "alpha\n', "config:1: "),
        ("Match host\n", "config:1: Missing parameter"),
        ("Match tagged x\n  User me\n", "config:1: Match tagged is not understood"),
        ("Match host a !localnetwork 10.0.0.0/8\n", "Match localnetwork is not understood"),
        ("Host alpha\n  Include more\n", "config:2: Include is understood before the first"),
        ("Include config\n", "goes in a circle"),
        ("ProxyCommand nc %h %p\n", "ProxyCommand is not followed: use ProxyJump"),
        ("ProxyJump a@b@c\n", "ProxyJump a@b@c is not user@host:port"),
        ("ProxyJump other\n", "config: host alpha: its jump hosts go in a circle"),
        ("CanonicalizeHostname yes\n", "'canonicaldomains' is missing"),
        (b"User \xff\n", "config: cannot be read"),
    ],
)
def test_a_mistake_names_the_file_and_what_is_wrong(
    folder: Path, text: str | bytes, part: str
) -> None:
    path = folder / "config"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(EnvironmentNotReady) as raised:
        resolved(SshHost("alpha"), path)
    assert part in str(raised.value)
    assert str(raised.value).startswith(str(path))
