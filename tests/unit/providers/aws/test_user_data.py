"""The user data that an instance runs at boot: it is parsed, its scripts are checked and run."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from orchestrator.model.machine import HostKey, ProviderError
from orchestrator.providers.aws.request import LIMIT, MOST_SECONDS, user_data

KEY = HostKey(
    "ssh-ed25519 AAAApublic", "-----BEGIN OPENSSH PRIVATE KEY-----\nx'\"$(id)\n-----END\n"
)


def config(expires: float = 1e9) -> dict[str, object]:
    text = user_data(expires, KEY, "ec2-user")
    assert text.startswith("#cloud-config\n")
    parsed = yaml.safe_load(text)
    assert isinstance(parsed, dict)
    return parsed


def scripts() -> list[str]:
    parsed = config()
    return [c[2] for c in (*parsed["bootcmd"], *parsed["runcmd"])]  # type: ignore[misc]


def test_the_host_key_is_taken_over_letter_by_letter_and_others_are_deleted() -> None:
    parsed = config()
    assert parsed["ssh_keys"] == {"ed25519_private": KEY.private, "ed25519_public": KEY.public}
    assert parsed["ssh_deletekeys"] is True


def test_the_private_key_is_nowhere_else() -> None:
    assert not any("PRIVATE" in script for script in scripts())


@pytest.mark.parametrize("script", scripts())
def test_the_scripts_are_shell(script: str) -> None:
    for shell in ("bash", "sh"):
        subprocess.run([shell, "-n", "-c", script], check=True)


def test_the_timer_comes_first_and_nothing_shuts_down_by_logind() -> None:
    first = scripts()[0]
    assert "systemd-run --no-block" in first
    assert not any("shutdown" in script for script in scripts())


@pytest.mark.parametrize(
    ("ahead", "seconds"), [(3600, 3600), (-50, 60), (10, 60), (10**9, MOST_SECONDS)]
)
def test_the_timer_that_the_script_arms(tmp_path: Path, ahead: int, seconds: int) -> None:
    tool = tmp_path / "systemd-run"
    tool.write_text('#!/bin/sh\necho "$@" > "$OUT"\n')
    tool.chmod(0o755)
    script = config(time.time() + ahead)["bootcmd"][0]  # type: ignore[index]
    out = tmp_path / "out"
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "OUT": str(out)}
    subprocess.run(script, check=True, env=environment)
    said = out.read_text().split()
    assert said[-3:] == ["systemctl", "poweroff", "--force"]
    armed = next(int(word.removeprefix("--on-active=")) for word in said if "on-active" in word)
    assert seconds - 5 <= armed <= seconds


def test_the_same_order_is_the_same_text() -> None:
    assert user_data(1e9, KEY, "u") == user_data(1e9, KEY, "u")


def test_a_users_name_stays_one_word() -> None:
    text = user_data(1e9, KEY, "a; reboot")
    assert "usermod -aG docker 'a; reboot'" in json.loads(text.partition("\n")[2])["runcmd"][0][2]


def test_user_data_that_ec2_would_refuse_is_refused_before() -> None:
    with pytest.raises(ProviderError, match=str(LIMIT)):
        user_data(1e9, HostKey("p", "x" * LIMIT), "ec2-user")
