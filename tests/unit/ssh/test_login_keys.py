"""A run's keys: readable by their owner only, the same for all threads, removed afterwards."""

from __future__ import annotations

import io
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import paramiko
import pytest

from orchestrator.errors import EnvironmentNotReady
from orchestrator.ssh import login_keys


def test_a_login_key_is_private_kept_and_forgotten(small_cache: Path) -> None:
    first = login_keys.login_key("run-1")
    assert login_keys.login_key("run-1") == first
    assert login_keys.login_key("run-2").public != first.public
    assert stat.S_IMODE(first.path.stat().st_mode) == 0o600
    for folder in (first.path.parent, first.path.parent.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    loaded = paramiko.Ed25519Key.from_private_key_file(str(first.path))
    assert first.public == f"ssh-ed25519 {loaded.get_base64()}"
    assert [p.name for p in first.path.parent.iterdir()] == ["id_ed25519"]
    login_keys.forget("run-1")
    login_keys.forget("run-1")
    assert not first.path.parent.exists()
    assert login_keys.login_key("run-1").public != first.public


def test_threads_that_need_a_key_at_the_same_time_get_the_same_one(small_cache: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: login_keys.login_key("run").public, range(16)))
    assert len(found) == 1


@pytest.mark.parametrize("run", ["", "..", "a/b", "a b", "ä"])
def test_a_run_whose_name_is_not_a_valid_tag_is_refused(small_cache: Path, run: str) -> None:
    for do in (login_keys.login_key, login_keys.forget):
        with pytest.raises(ValueError, match="letters, digits"):
            do(run)


def test_a_file_that_is_not_an_ed25519_key_is_an_error(small_cache: Path) -> None:
    path = login_keys.login_key("run").path
    other = io.StringIO()
    paramiko.ECDSAKey.generate().write_private_key(other)
    path.write_text(other.getvalue())
    with pytest.raises((EnvironmentNotReady, ValueError)):
        login_keys.login_key("run")


def test_a_host_key_is_a_pair_and_says_nothing_of_its_private_half() -> None:
    key = login_keys.new_host_key()
    loaded = paramiko.Ed25519Key.from_private_key(io.StringIO(key.private))
    assert key.public == f"ssh-ed25519 {loaded.get_base64()}"
    assert key.private.splitlines()[1] not in repr(key)
