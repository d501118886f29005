"""Jobs as services of one ``compose.yaml``, run by docker compose, as a person could by hand."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import yaml

from orchestrator.errors import EnvironmentNotReady
from orchestrator.executors.base import OnLine, RunnerExit
from orchestrator.executors.container import DEFAULT_MEMORY, JOB, LABEL, OUT
from orchestrator.executors.process import supervised
from orchestrator.model.experiment import content_id
from orchestrator.system.environment import without_credentials

PROJECT = "eqc-rehearsal"


def compose_command() -> tuple[str, ...]:
    """The command of docker compose 2 or later. Raises ``EnvironmentNotReady`` if there is none."""
    beside = Path(sys.executable).with_name("docker-compose")
    standalone = str(beside) if beside.exists() else shutil.which("docker-compose")
    for command in (("docker", "compose"), (standalone,)):
        if command[0] is None or shutil.which(command[0]) is None:
            continue
        done = subprocess.run([*command, "version", "--short"], capture_output=True, check=False)
        if done.returncode == 0 and done.stdout.lstrip(b"v").startswith((b"2.", b"3.", b"5.")):
            return tuple(word for word in command if word is not None)
    raise EnvironmentNotReady(
        "docker compose 2 is not on this computer: install Docker's compose plugin, or "
        "pip install 'eqc-orchestrator[rehearsal]'"
    )


def service_name(title: str) -> str:
    """A service name of letters, digits and ``-`` for ``title``, different for different titles."""
    readable = re.sub(r"[^a-zA-Z0-9]+", "-", title).strip("-").lower()[:60]
    return f"{readable}-{content_id(['service', title])[:6]}".lstrip("-")


def service(
    image: str, job: Path, out: Path, *, run_name: str, memory_bytes: int | None, deadline: float
) -> dict[str, Any]:
    """One job as a service, with the restrictions of ``ContainerExecutor``.

    ``memory_bytes``: limit, ``None``: ``DEFAULT_MEMORY``. ``deadline``: Unix seconds, a label only.
    """
    memory = memory_bytes or DEFAULT_MEMORY
    return {
        "image": image,
        "pull_policy": "never",
        "command": ["run", JOB, OUT],
        "network_mode": "none",
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "mem_limit": memory,
        "memswap_limit": memory,
        "pids_limit": 4096,
        "shm_size": "256m",
        "tmpfs": ["/tmp:rw,mode=1777,size=1g"],  # noqa: S108 - of the container
        "user": f"{os.getuid()}:{os.getgid()}",
        "labels": {LABEL: run_name, "eqc.deadline": str(int(deadline))},
        "volumes": [
            {"type": "bind", "source": str(job.resolve()), "target": JOB, "read_only": True},
            {"type": "bind", "source": str(out.resolve()), "target": OUT},
        ],
    }


def compose_text(services: Mapping[str, dict[str, Any]]) -> str:
    """The text of ``compose.yaml``. ``$`` is doubled: compose would read a variable there."""
    text = yaml.safe_dump({"name": PROJECT, "services": dict(services)}, sort_keys=False)
    return text.replace("$", "$$")


class ComposeExecutor:
    """Runs the service ``name`` of a compose file as a job."""

    def __init__(self, command: tuple[str, ...], file: Path, name: str) -> None:
        self._command = (*command, "--file", str(file))
        self._name = name

    def run(self, job: Path, out: Path, *, on_line: OnLine, stop: Event) -> RunnerExit:  # noqa: ARG002
        """See ``Executor.run``. The file names the folders: ``job`` and ``out`` are not used."""
        argv = [*self._command, "run", "--rm", "--no-TTY", "--quiet-pull", self._name]
        ended = supervised(argv, without_credentials(), on_line=on_line, stop=stop)
        # Compose, like a shell, reports a signal as 128 + its number.
        return replace(ended, code=128 - ended.code) if ended.code > 128 else ended
