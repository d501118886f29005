"""The runner in a container of a remote machine's engine, by the machine's own Docker client.

The job is sent as a tar stream into an anonymous volume, and the results come back the same way:
nothing is written to the machine outside of Docker, so nothing can be left there. The container
goes on when the connection is lost; after reconnecting it is followed again.
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
"""The folder in the volume ``/out`` that the runner writes to; the volume belongs to root."""
TRANSFER_SECONDS = 3600.0
_PROBE_LIMIT = 4 << 20
_SHORT_LIMIT = 1 << 20
_RESTRICTIONS = (
    *("--pull", "never", "--network", "none", "--read-only", "--cap-drop", "ALL"),
    *("--security-opt", "no-new-privileges:true", "--pids-limit", "4096", "--shm-size", "256m"),
    *("--tmpfs", "/tmp:rw,mode=1777,size=1g"),  # noqa: S108 - of the container
    # Progress lines are read from this log; its limit keeps it from filling the machine's disk.
    *("--log-driver", "json-file", "--log-opt", "max-size=64m"),
)


T = TypeVar("T")


class RemoteContainer:
    """Runs the runner in ``image``, which is on the machine already (Docker 20.10 or later)."""

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
            *_RESTRICTIONS,
            *("--memory", memory, "--memory-swap", memory),
            *("--label", f"{LABEL}={run_label}"),
            *("--label", f"eqc.deadline={int(deadline or 0)}"),
            *(("--gpus", "all") if gpus else ()),
        )

    def run(self, job: Path, out: Path, *, on_line: OnLine, stop: Event) -> RunnerExit:
        """See ``Executor.run``.

        Raises ``EnvironmentNotReady`` where the engine refuses, ``OutputRefused`` for results that
        no runner writes, ``MachinesLeft``, and ``ConnectionLost`` where the machine stops answering
        (``HostKeyRefused`` where another host answers): then the container may still be there, see
        ``leftovers``; its runner ends at the job's deadline.
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
        # An earlier attempt, whose answer was lost, may have made the container.
        self._call("rm", "--force", "--volumes", name)
        create = ("create", "--name", name, *self._options, "--volume", JOB, "--volume", OUT)
        done = self._call(*create, self._image, "run", JOB, f"{OUT}/{FILES}")
        self._require(done, f"refuses a container of {self._image}")
        with packed({".": job}) as archive:
            done = self._call("cp", "-", f"{name}:{JOB}", stdin=cast(BinaryIO, archive))
        self._require(done, "could not receive the job")
        done = self._call("cp", "-", f"{name}:{OUT}", stdin=empty_folder(FILES))
        self._require(done, "could not receive the job")
        self._require(self._call("start", name), f"cannot start {self._image}")

    def _watch(self, name: str, on_line: OnLine, stop: Event) -> RunnerExit:
        seen = 0

        def follow() -> None:
            # The log is read from its beginning after each reconnection and the lines that were
            # passed on are skipped: so no line is lost or passed on twice.
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
            self._require(self._again(receive, stop), "could not send the results")
        except (EnvironmentNotReady, OutputRefused):
            # A container that was removed has no results; `_watch` reported it as killed.
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
    """The exit status that ``docker wait`` printed; negative for a signal (128 + n → -n)."""
    try:
        code = int(codes[-1])
    except (IndexError, ValueError):
        # No number was printed: the container was removed, or the engine stopped.
        return -signal.SIGKILL
    return 128 - code if code > 128 else code


def leftovers(
    shell: SshClient, run_label: str | None = None, *, docker: Sequence[str] = ("docker",)
) -> tuple[str, ...]:
    """Names of the containers of a run (``None``: of all runs) on the machine's engine.

    Raises ``EnvironmentNotReady`` where the engine does not answer, and ``ConnectionLost``.
    """
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
    """Kill and remove a container with its volumes; success where it does not exist any more.

    Raises ``MachinesLeft`` where it is still there afterwards or that could not be found out.
    """
    command = (*docker, "rm", "--force", "--volumes", name)
    still_there = (*docker, "ps", "--all", "--quiet", "--filter", f"name=^/?{name}$")

    def attempt() -> str | None:
        said = shell.run(command, limit=_SHORT_LIMIT)
        left = shell.run(still_there, limit=_SHORT_LIMIT)
        return said.complaint if left.code or left.stdout.strip() else None

    try:
        refusal = reconnecting(shell, attempt, reconnect_seconds=reconnect_seconds)
        # The engine refuses while another removal is under way: try once more.
        refusal = refusal and reconnecting(shell, attempt, reconnect_seconds=reconnect_seconds)
    except ConnectionLost as error:
        refusal = str(error)
    if refusal is not None:
        raise MachinesLeft(
            f"container {name} on {shell.label} could not be removed: {refusal}; remove it there "
            f"with `docker rm -f -v {name}`"
        )
