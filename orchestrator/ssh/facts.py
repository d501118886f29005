"""What must be known of a remote machine before a job is sent to it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.errors import EnvironmentNotReady
from orchestrator.ssh.client import SshClient
from orchestrator.ssh.command import printable

_ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
# One script, one round trip. Its arguments: the Python interpreter, then the Docker command.
_SCRIPT = """\
echo "system $(uname -s)"
echo "machine $(uname -m)"
echo "cpus $(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)"
echo "clock $(date +%s)"
python=$1; shift
echo "python $("$python" -c 'import platform; print(platform.python_version())' 2>&1 | tail -n 1)"
if found=$("$@" version --format '{{.Server.Version}}' 2>&1); then echo "docker $found"
else echo "no-docker $(echo "$found" | tr '\\n' ' ')"; fi
"""


@dataclass(frozen=True)
class RemoteFacts:
    """One machine by its own description, which may be wrong."""

    architecture: str
    """``x86_64`` or ``arm64``, which selects its image; any other as ``uname -m`` prints it."""
    system: str
    """As ``uname -s`` prints it; only ``Linux`` can run jobs."""
    cpus: int
    docker: str | None
    """The engine's version; ``None``: no engine, see ``why_no_docker``."""
    why_no_docker: str | None
    python: str | None
    """The interpreter's version; ``None``: there is none."""
    clock_ahead: float
    """Seconds that its clock is ahead of ours; accurate to one second plus a round trip."""


def remote_facts(
    shell: SshClient, *, docker: Sequence[str] = ("docker",), python: str = "python3"
) -> RemoteFacts:
    """Examine the machine.

    Raises ``ConnectionLost``, and ``EnvironmentNotReady`` where it cannot run a POSIX shell script.
    """
    before = time.time()
    done = shell.run(("sh", "-c", _SCRIPT, "sh", python, *docker), limit=1 << 16)
    middle = (before + time.time()) / 2
    facts = parse(done.stdout.decode(errors="replace"), middle)
    if done.code or facts is None:
        raise EnvironmentNotReady(
            f"{shell.label} cannot run a POSIX shell script that describes it: {done.complaint}"
        )
    return facts


def parse(text: str, now: float) -> RemoteFacts | None:
    """The facts in the script's output; ``None`` where a required line is missing.

    ``now``: Unix seconds when the script ran.
    """
    lines = (line.partition(" ") for line in text.splitlines())
    said: Mapping[str, str] = {key: printable(value).strip()[:500] for key, _, value in lines}
    if not {"system", "machine", "cpus", "clock"} <= said.keys():
        return None
    python = said.get("python", "")
    return RemoteFacts(
        architecture=_ARCHITECTURES.get(said["machine"], said["machine"]),
        system=said["system"],
        cpus=_number(said["cpus"]) or 1,
        docker=said.get("docker") or None,
        why_no_docker=None if said.get("docker") else said.get("no-docker") or "no error message",
        python=python if python[:1].isdigit() else None,
        clock_ahead=(_number(said["clock"]) or now) - now,
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
