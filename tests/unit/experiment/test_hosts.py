"""Hosts reached by SSH: the files that list them, their keys, and their jump hosts."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.experiment.files import FileMistake
from orchestrator.experiment.platform_entries import Host
from orchestrator.experiment.platforms import placement_of, read_hosts
from orchestrator.ssh.login_keys import new_host_key

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
    assert placement_of(host, [host]) == {
        "address": "alpha",
        "user": None,
        "port": 22,
        "identity": str(folder / "key"),
        "known_hosts": str(folder / "known"),
        "host_key": KEY,
    }


def test_a_jump_is_a_host_of_the_list_or_written_out() -> None:
    outer = Host(name="outer", address="10.0.0.1", user="me", jump="who@gate:2222")
    inner = Host(name="inner", jump="outer", isolation="process", python="/opt/python")
    assert placement_of(inner, [inner, outer]) == {
        "address": "inner",
        "user": None,
        "port": 22,
        "jump_address": "10.0.0.1",
        "jump_user": "me",
        "jump_port": 22,
        "jump_jump_address": "gate",
        "jump_jump_user": "who",
        "jump_jump_port": 2222,
        "isolation": "process",
        "python": "/opt/python",
    }


def test_jumps_that_lead_nowhere_are_mistakes() -> None:
    alpha, beta = Host(name="alpha", jump="beta"), Host(name="beta", jump="alpha")
    with pytest.raises(FileMistake, match="in a circle"):
        placement_of(alpha, [alpha, beta])
    with pytest.raises(FileMistake, match="written like"):
        placement_of(Host(name="gamma", jump="a b"), [])


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("- {name: a, identity: none}", "'none' does not exist"),
        ("- {name: a, host_key: nonsense}", r"hosts.yaml:1: not a host"),
        ("- {name: a, isolation: jail}", r"hosts.yaml:1: not a host"),
    ],
)
def test_a_mistake_in_a_file_is_told(tmp_path: Path, line: str, part: str) -> None:
    (tmp_path / "hosts.yaml").write_text(line)
    with pytest.raises(FileMistake, match=part):
        read_hosts("hosts.yaml", tmp_path)
