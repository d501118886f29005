"""Versions on a host without Docker: what its own Python has decides, nothing is installed."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from typing import Any, cast

from orchestrator.model.experiment import Installation
from orchestrator.run.remote_worker import why_not_there
from orchestrator.ssh.client import SshClient
from orchestrator.ssh.command import Completed


class Here:
    """Runs what would go through SSH on this computer."""

    label = "host a"

    def run(self, argv: tuple[str, ...], **_: Any) -> Completed:
        done = subprocess.run(argv, capture_output=True)
        return Completed(done.returncode, done.stdout, done.stderr)


def why(installation: Installation) -> str | None:
    reason = why_not_there(cast(SshClient, Here()), sys.executable, installation)
    if reason is None:
        return None
    assert reason.code == "not-installed"
    return reason.message


def test_what_is_installed_there_is_computed() -> None:
    assert why(Installation("numpy")) is None
    assert why(Installation("numpy", ">=1.22", ("blake3",))) is None
    assert why(Installation("numpy", f"=={version('numpy')}")) is None


def test_another_version_is_told_with_the_one_that_is_there() -> None:
    message = why(Installation("numpy", "==1.0", ("no-such-package",)))
    assert message is not None
    assert f"numpy==1.0: it has {version('numpy')}; no-such-package: not installed" in message
    assert "set the host's key `python`" in message
