"""The user data that an instance runs at boot: it is parsed, its scripts are checked and run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrator.model.machine import HostKey
from orchestrator.providers.gcp.request import user_data

KEY = HostKey(
    "ssh-ed25519 AAAApublic", "-----BEGIN OPENSSH PRIVATE KEY-----\nx'\"$(id)%s\n-----END\n"
)


def config(*, gpu: bool = False) -> dict[str, Any]:
    text = user_data(KEY, "eqc", gpu=gpu)
    assert text.startswith("#cloud-config\n")
    parsed: dict[str, Any] = yaml.safe_load(text)
    return parsed


def scripts() -> list[str]:
    return [
        c[2]
        for gpu in (False, True)
        for part in ("bootcmd", "runcmd")
        for c in config(gpu=gpu)[part]
    ]


@pytest.mark.parametrize("script", scripts())
def test_the_scripts_are_shell(script: str) -> None:
    for shell in ("bash", "sh"):
        subprocess.run([shell, "-n", "-c", script], check=True)


def test_sshd_has_our_host_key_and_no_other(tmp_path: Path) -> None:
    """The script is run with other folders; tests/cloud/gcp runs it with a real sshd."""
    for folder in ("run", "etc/ssh", "bin"):
        (tmp_path / folder).mkdir(parents=True)
    sshd = tmp_path / "etc/ssh/sshd_config"
    sshd.write_text("HostKey /etc/ssh/a\n  HostKey /etc/ssh/b\nPort 22\nMatch User x\n")
    calls = tmp_path / "calls"
    (tmp_path / "bin/systemctl").write_text(f'#!/bin/sh\necho "$@" >> {calls}\n')
    (tmp_path / "bin/systemctl").chmod(0o755)
    (script,) = (c[2] for c in config()["bootcmd"])
    moved = script.replace("/run/", f"{tmp_path}/run/").replace("/etc/", f"{tmp_path}/etc/")
    environment = {**os.environ, "PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
    for _ in range(2):  # at every boot
        subprocess.run(["sh", "-ec", moved], check=True, env=environment)
    key = tmp_path / "run/eqc/ssh_host_ed25519_key"
    assert key.read_text() == KEY.private
    assert key.stat().st_mode & 0o777 == 0o600
    assert sshd.read_text() == f"HostKey {key}\nPort 22\nMatch User x\n"
    assert "restart sshd.service" in calls.read_text()


def test_the_private_key_is_nowhere_else() -> None:
    parsed = config()
    (boot,) = parsed.pop("bootcmd")
    assert "PRIVATE" not in str(parsed)
    assert str(boot).count("PRIVATE") == 1


def test_the_image_does_not_upgrade_itself() -> None:
    assert config()["package_upgrade"] is False


def test_nvidias_runtime_is_only_for_gpus() -> None:
    assert "nvidia" in str(config(gpu=True)["runcmd"])
    assert "nvidia" not in str(config()["runcmd"])
