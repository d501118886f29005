"""The runner in a container of a remote machine's engine, driven by its own Docker client.

The job travels as a tar stream into an anonymous volume and its results come back the same way:
outside of Docker nothing is ever written to the machine, so nothing can be left there. A dropped
connection ends nothing; whoever comes back attaches again.
"""

from __future__ import annotations

import secrets
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event
from typing import Any, BinaryIO, TypeVar, cast

from orchestrator.errors import ConnectionLost, EnvironmentNotReady, MachinesLeft, OutputRefused
from orchestrator.executors.base import TAIL_LINES, OnLine, RunnerExit
from orchestrator.executors.container import DEFAULT_MEMORY, GRACE_SECONDS, JOB, LABEL, OUT
from orchestrator.ssh.archive import UnpackLimits, empty_folder, packed, unpack
from orchestrator.ssh.client import RECONNECT_SECONDS, SshClient, reconnecting
from orchestrator.ssh.command import Completed, printable
from orchestrator.system.untrusted_json import parse_json

FILES = "files"
"""The folder in the volume ``/out`` that the runner writes to: a volume itself is root's."""
TRANSFER_SECONDS = 3600.0
_PROBE_LIMIT = 4 << 20
_SHORT_LIMIT = 1 << 20
_LOCKED_UP = (
    *("--pull", "never", "--network", "none", "--read-only", "--cap-drop", "ALL"),
    *("--security-opt", "no-new-privileges:true", "--pids-limit", "4096", "--shm-size", "256m"),
    *("--tmpfs", "/tmp:rw,mode=1777,size=1g"),  # noqa: S108 - of the container
    # Progress lines are read from it; whoever floods it may not fill the machine's disk.
    *("--log-driver", "json-file", "--log-opt", "max-size=64m"),
)


T = TypeVar("T")


class RemoteContainer:
    """Runs the runner in ``image``, which the machine has already (Docker 20.10 or later)."""

    def __init__(
        self,
        shell: SshClient,
        image: str,
        run_label: str,
        *,
        docker: Sequence[str] = ("docker",),
        memory_bytes: int | None = None,
        deadline: float | None = None,
        gpus: bool = False,
        reconnect_seconds: float = RECONNECT_SECONDS,
        limits: UnpackLimits | None = None,
    ) -> None:
        self._shell = shell
        self._image = image
        self._docker = tuple(docker)
        self._reconnect_seconds = reconnect_seconds
        self._limits = limits
        memory = str(memory_bytes or DEFAULT_MEMORY)
        self._options = (
            *_LOCKED_UP,
            *("--memory", memory, "--memory-swap", memory),
            *("--label", f"{LABEL}={run_label}"),
            *("--label", f"eqc.deadline={int(deadline or 0)}"),
            *(("--gpus", "all") if gpus else ()),
        )

    def run(self, job: Path, out: Path, *, on_line: OnLine, stop: Event) -> RunnerExit:
        """See ``Executor.run``.

        Raises ``EnvironmentNotReady`` where the engine refuses, ``OutputRefused`` for results that
        no runner writes, ``MachinesLeft``, and ``ConnectionLost`` where the machine stays away (or
        ``HostKeyRefused`` where it comes back as another): then the container may still be there
        (``remote_leftovers``); its runner ends at the job's deadline.
        """
        name = f"eqc-{secrets.token_hex(8)}"
        try:
            self._again(lambda: self._start(name, job), stop)
            ended = self._watch(name, on_line, stop)
            self._fetch(name, out, stop)
        except ConnectionLost as error:
            raise ConnectionLost(f"{error} (its container, if it is there yet: {name})") from error
        except BaseException:
            remove(self._shell, name, docker=self._docker)
            raise
        remove(self._shell, name, docker=self._docker)
        return ended

    def probe(self) -> dict[str, Any]:
        """The machine's fingerprint as the image sees it (docs/formats.md, section 4).

        Raises ``EnvironmentNotReady``, ``OutputRefused``, ``ConnectionLost``.
        """
        words = ("run", "--rm", *self._options, self._image, "probe")
        done = self._shell.run((*self._docker, *words), timeout=300.0, limit=_PROBE_LIMIT)
        self._require(done, f"cannot be probed with {self._image}")
        try:
            found = parse_json(done.stdout)
        except ValueError as error:
            raise OutputRefused(f"{self._shell.label}: the probe wrote no JSON") from error
        if not isinstance(found, dict):
            raise OutputRefused(f"{self._shell.label}: the probe wrote no fingerprint")
        return found

    def _start(self, name: str, job: Path) -> None:
        # What an attempt before this one made, whose answer was lost.
        self._call("rm", "--force", "--volumes", name)
        create = ("create", "--name", name, *self._options, "--volume", JOB, "--volume", OUT)
        done = self._call(*create, self._image, "run", JOB, f"{OUT}/{FILES}")
        self._require(done, f"refuses a container of {self._image}")
        with packed({".": job}) as archive:
            done = self._call("cp", "-", f"{name}:{JOB}", stdin=cast(BinaryIO, archive))
        self._require(done, "cannot take the job")
        done = self._call("cp", "-", f"{name}:{OUT}", stdin=empty_folder(FILES))
        self._require(done, "cannot take the job")
        self._require(self._call("start", name), f"cannot start {self._image}")

    def _watch(self, name: str, on_line: OnLine, stop: Event) -> RunnerExit:
        seen = 0

        def follow() -> None:
            # From the beginning, each time: only so no line is lost or told twice.
            nonlocal seen
            passed = 0

            def tell(line: str) -> None:
                nonlocal passed, seen
                passed += 1
                if passed > seen:
                    seen = passed
                    on_line(line)

            self._shell.stream((*self._docker, "logs", "--follow", name), tell, stop=stop)

        def wait() -> Completed | None:
            return self._shell.stream((*self._docker, "wait", name), codes.append, stop=stop)

        codes: list[str] = []
        self._again(follow, stop)
        if self._again(wait, stop) is None:
            grace = str(GRACE_SECONDS)
            self._again(lambda: self._call("stop", "--time", grace, name), stop)
            done = self._again(lambda: self._call("wait", name), stop)
            codes = [done.stdout.decode(errors="replace").strip()]
        tail = self._again(lambda: self._call("logs", "--tail", "500", name), stop)
        lines = printable(tail.stderr.decode(errors="replace")).splitlines()[-TAIL_LINES:]
        return RunnerExit(_exit_code(codes), "\n".join(lines), interrupted=stop.is_set())

    def _fetch(self, name: str, out: Path, stop: Event) -> None:
        def receive() -> Completed:
            done, _ = self._shell.receive(
                (*self._docker, "cp", f"{name}:{OUT}/{FILES}", "-"),
                lambda stream: unpack(stream, out, prefix=f"{FILES}/", limits=self._limits),
                timeout=TRANSFER_SECONDS,
            )
            return done

        try:
            self._require(self._again(receive, stop), "does not give back the results")
        except (EnvironmentNotReady, OutputRefused):
            # Somebody removed the container: then there is nothing, as its exit status says.
            if self._call("inspect", name).code == 0:
                raise

    def _call(self, *words: str, stdin: bytes | BinaryIO | None = None) -> Completed:
        return self._shell.run(
            (*self._docker, *words), timeout=TRANSFER_SECONDS, stdin=stdin, limit=_SHORT_LIMIT
        )

    def _require(self, done: Completed, what: str) -> None:
        if done.code:
            raise EnvironmentNotReady(f"{self._shell.label} {what}: {done.complaint}")

    def _again(self, do: Callable[[], T], stop: Event) -> T:
        return reconnecting(self._shell, do, reconnect_seconds=self._reconnect_seconds, stop=stop)


def _exit_code(codes: list[str]) -> int:
    """The status that ``docker wait`` printed, negative for a signal, as a shell has it."""
    try:
        code = int(codes[-1])
    except (IndexError, ValueError):
        # Somebody removed the container, or the engine went away.
        return -signal.SIGKILL
    return 128 - code if code > 128 else code


def leftovers(
    shell: SshClient, run_label: str | None = None, *, docker: Sequence[str] = ("docker",)
) -> tuple[str, ...]:
    """Names of the containers of a run, or of all of ours, on the machine's engine."""
    label = LABEL if run_label is None else f"{LABEL}={run_label}"
    words = ("ps", "--all", "--filter", f"label={label}", "--format", "{{.Names}}")
    done = shell.run((*docker, *words), limit=_SHORT_LIMIT)
    if done.code:
        raise EnvironmentNotReady(f"{shell.label} cannot list its containers: {done.complaint}")
    return tuple(printable(line) for line in done.stdout.decode(errors="replace").split())


def remove(
    shell: SshClient,
    name: str,
    *,
    docker: Sequence[str] = ("docker",),
    reconnect_seconds: float = 60.0,
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
        refusal = reconnecting(shell, attempt, reconnect_seconds=reconnect_seconds)
        # A removal that is under way already is refused, and then done.
        refusal = refusal and reconnecting(shell, attempt, reconnect_seconds=reconnect_seconds)
    except ConnectionLost as error:
        refusal = str(error)
    if refusal is not None:
        raise MachinesLeft(
            f"container {name} on {shell.label} could not be removed: {refusal}; remove it there "
            f"with `docker rm -f -v {name}`"
        )
