"""Containers of ours on a remote machine: found by their label, removed for certain."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.errors import ConnectionLost, EnvironmentNotReady, MachinesLeft
from orchestrator.ssh.command import printable
from orchestrator.executors.container import LABEL
from orchestrator.ssh.drops import through_drops
from orchestrator.ssh.client import SshShell

_SHORT_LIMIT = 1 << 20


def leftovers(
    shell: SshShell, run_label: str | None = None, *, docker: Sequence[str] = ("docker",)
) -> tuple[str, ...]:
    """Names of the containers of a run, or of all of ours, on the machine's engine."""
    label = LABEL if run_label is None else f"{LABEL}={run_label}"
    words = ("ps", "--all", "--filter", f"label={label}", "--format", "{{.Names}}")
    done = shell.run((*docker, *words), limit=_SHORT_LIMIT)
    if done.code:
        raise EnvironmentNotReady(f"{shell.label} cannot list its containers: {done.complaint}")
    return tuple(printable(line) for line in done.stdout.decode(errors="replace").split())


def remove(
    shell: SshShell, name: str, *, docker: Sequence[str] = ("docker",), patience: float = 60.0
) -> None:
    """Kill and remove a container with its volumes; one that is gone already is fine.

    Raises ``MachinesLeft`` where it is still there afterwards, or nobody can tell.
    """
    command = (*docker, "rm", "--force", "--volumes", name)
    still_there = (*docker, "ps", "--all", "--quiet", "--filter", f"name=^/?{name}$")

    def attempt() -> str | None:
        said = shell.run(command, limit=_SHORT_LIMIT)
        left = shell.run(still_there, limit=_SHORT_LIMIT)
        return said.complaint if left.code or left.stdout.strip() else None

    try:
        refusal = through_drops(shell, attempt, patience=patience)
        # A removal that is under way already is refused, and then done.
        refusal = refusal and through_drops(shell, attempt, patience=patience)
    except ConnectionLost as error:
        refusal = str(error)
    if refusal is not None:
        raise MachinesLeft(
            f"container {name} on {shell.label} could not be removed: {refusal}; remove it there "
            f"with `docker rm -f -v {name}`"
        )
