"""Hosts reached by SSH: the files that list them, their keys, and their jump hosts."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.model.experiment import Isolation
from orchestrator.model.machine import SshHost, SshPlacement
from orchestrator.providers.ssh.entry import Host
from orchestrator.providers.ssh.hosts import placement_of, read_hosts
from orchestrator.ssh.login_keys import new_host_key
from orchestrator.yaml_files.files import FileMistake

KEY = new_host_key().public


def test_paths_in_a_file_are_relative_to_it(tmp_path: Path) -> None:
    folder = tmp_path / "lab"
    folder.mkdir()
    for name in ("key", "known"):
        (folder / name).touch()
    (folder / "hosts.yaml").write_text(
        f"- {{name: alpha, identity: key, known_hosts: known, host_key: '{KEY} me@here'}}\n"
    )
    (host,) = read_hosts("lab/hosts.yaml", tmp_path)
    assert (host.identity, host.known_hosts) == (str(folder / "key"), str(folder / "known"))
    assert placement_of(host, [host]).host == SshHost(
        "alpha", host_key=KEY, known_hosts=str(folder / "known"), identity=str(folder / "key")
    )


def test_a_jump_is_a_host_of_the_list_or_written_out() -> None:
    outer = Host(name="outer", address="10.0.0.1", user="me", jump="who@gate:2222")
    inner = Host(name="inner", jump="outer", isolation="process", python="/opt/python")
    gate = SshHost("gate", 2222, "who")
    through = SshHost("10.0.0.1", user="me", jump=gate)
    assert placement_of(inner, [inner, outer]) == SshPlacement(
        SshHost("inner", jump=through), Isolation.PROCESS, "/opt/python"
    )


def test_a_port_that_was_written_is_not_one_that_was_left_open(tmp_path: Path) -> None:
    (tmp_path / "hosts.yaml").write_text("- a\n- b:22\n- {name: c}\n- {name: d, port: 22}\n")
    hosts = read_hosts("hosts.yaml", tmp_path)
    assert [placement_of(host, hosts).host.port for host in hosts] == [None, 22, None, 22]


def test_jumps_that_lead_nowhere_are_mistakes() -> None:
    alpha, beta = Host(name="alpha", jump="beta"), Host(name="beta", jump="alpha")
    with pytest.raises(FileMistake, match="hosts of alpha go in a circle"):
        placement_of(alpha, [alpha, beta])
    with pytest.raises(FileMistake, match="written like"):
        placement_of(Host(name="gamma", jump="a b"), [])


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("- {name: a, identity: none}", "'none' does not exist"),
        (
            "- {name: a, host_key: nonsense}",
            r"hosts.yaml:1:23: not a host: a host key is written like",
        ),
        ("- {name: a, isolation: jail}", r"hosts.yaml:1:24: not a host: 'jail' is not valid"),
        (
            "- {name: a, prt: 2}",
            r"hosts.yaml:1:\d+: not a host: unknown key 'prt'; did you mean 'port'",
        ),
        (
            "- {name: a, port: no}",
            r"1:19: not a host: port: should be a whole number, not 'no'; like",
        ),
        ("- {user: a}", r"1:3: not a host: it needs the key 'name', like 'name: alpha'"),
        ("- 5", r"1:3: not a host: a host: should be text or a mapping, not 5; like 'user@alpha"),
        ("5", r"1:1: not a host: a host: should be a list, not 5"),
    ],
)
def test_a_mistake_in_a_file_is_told(tmp_path: Path, line: str, part: str) -> None:
    (tmp_path / "hosts.yaml").write_text(line)
    with pytest.raises(FileMistake, match=part):
        read_hosts("hosts.yaml", tmp_path)
