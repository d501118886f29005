"""The runner as processes of a remote machine without Docker, by the machine's own Python.

Runner, job and results are in one private temporary folder there, which is removed afterwards. The
runner goes on when the connection is lost; after reconnecting it is followed again (see
``remote_agent``).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from importlib.resources import files
from itertools import chain
from pathlib import Path
from threading import Event
from typing import Any, BinaryIO, TypeVar, cast

from orchestrator import catalog
from orchestrator.errors import ConnectionLost, EnvironmentNotReady, MachinesLeft, OutputRefused
from orchestrator.executors.base import OnLine, RunnerExit
from orchestrator.results.record import SoftwareRecord
from orchestrator.results.software import parse_software
from orchestrator.ssh.archive import UnpackLimits, packed, unpack
from orchestrator.ssh.client import RECONNECT_SECONDS, SshClient, reconnecting
from orchestrator.ssh.command import Completed, printable
from orchestrator.system.paths import runner_path
from orchestrator.system.untrusted_json import parse_json

TRANSFER_SECONDS = 3600.0
OLDEST_PYTHON = (3, 8)
_SHORT_LIMIT = 1 << 20

T = TypeVar("T")


class RemoteProcess:
    """Runs the runner with ``python``, an interpreter of the machine with NumPy and BLAKE3."""

    def __init__(
        self,
        shell: SshClient,
        run_label: str,
        *,
        python: str = "python3",
        deadline: float | None = None,
        reconnect_seconds: float = RECONNECT_SECONDS,
        limits: UnpackLimits | None = None,
    ) -> None:
        self._shell = shell
        self._run = run_label
        self._host = _Host(shell, python)
        self._deadline = deadline
        self._reconnect_seconds = reconnect_seconds
        self._limits = limits

    def run(self, job: Path, out: Path, *, on_line: OnLine, stop: Event) -> RunnerExit:
        """See ``Executor.run``.

        Raises ``EnvironmentNotReady`` where Python or a package is missing, ``OutputRefused`` for
        results that no runner writes, ``MachinesLeft``, and ``ConnectionLost`` where the machine
        stops answering: then the runner ends at the job's deadline, and its folder is removed an
        hour after that.
        """
        self._again(self._host.check, stop)
        name = f"{_prefix(self._run)}{secrets.token_hex(8)}"
        folder = self._again(lambda: self._host.text("make", name).strip(), stop)
        try:
            self._again(lambda: self._start(folder, job), stop)
            ended = self._watch(folder, on_line, stop)
            self._again(lambda: self._fetch(folder, out), stop)
        except ConnectionLost as error:
            raise ConnectionLost(
                f"{error} (its folder there, if it is there yet: {folder})"
            ) from error
        except BaseException:
            self._end(folder)
            raise
        self._end(folder)
        return ended

    def installed_software(
        self, asked: Sequence[tuple[str, ...]], stop: Event
    ) -> dict[tuple[str, ...], SoftwareRecord]:
        """What would compute there, by (framework, further requirements…).

        What the machine does not say is absent. Raises ``MachinesLeft``, and ``ConnectionLost``
        where it stops answering.
        """
        name = f"{_prefix(self._run)}{secrets.token_hex(8)}"
        folder = self._again(lambda: self._host.text("make", name).strip(), stop)
        found: dict[tuple[str, ...], SoftwareRecord] = {}
        try:
            self._again(lambda: self._send(folder, {}), stop)
            for words in asked:
                with suppress(EnvironmentNotReady, OutputRefused):
                    found[words] = self._again(partial(self._ask, folder, words), stop)
        finally:
            self._end(folder)
        return found

    def _ask(self, folder: str, words: tuple[str, ...]) -> SoftwareRecord:
        try:
            return parse_software(self._host.json("software", folder, *words))
        except ValueError as error:
            raise OutputRefused(f"{self._shell.label}: {error}") from error

    def _start(self, folder: str, job: Path) -> None:
        self._send(folder, {"job": job})
        self._host.call("start", folder, str(self._deadline or 0))

    def _send(self, folder: str, more: Mapping[str, Path]) -> None:
        # As it is here: every framework's folder beside the runner's.
        files = (each.runner_files() for each in catalog.frameworks().values())
        images = {f"images/{name}": path for name, path in chain.from_iterable(files)}
        with packed({"images/runner": runner_path(), **images, **more}) as archive:
            self._host.call("take", folder, stdin=cast(BinaryIO, archive))

    def _watch(self, folder: str, on_line: OnLine, stop: Event) -> RunnerExit:
        seen = 0

        def tell(line: str) -> None:
            nonlocal seen
            seen += 1
            on_line(line)

        def follow() -> Completed | None:
            argv = self._host.argv("follow", folder, str(seen))
            return self._shell.stream(argv, tell, stop=stop)

        if self._again(follow, stop) is None:
            self._again(lambda: self._host.call("stop", folder), stop)
        said = self._again(lambda: self._host.json("result", folder), stop)
        code, stderr = said.get("code"), said.get("stderr")
        if not isinstance(code, int) or not isinstance(stderr, str):
            raise OutputRefused(
                f"{self._shell.label}: the report of the runner's exit is malformed"
            )
        return RunnerExit(code, printable(stderr), interrupted=stop.is_set())

    def _fetch(self, folder: str, out: Path) -> None:
        done, _ = self._shell.receive(
            self._host.argv("send", folder),
            lambda stream: unpack(stream, out, prefix="out/", limits=self._limits),
            timeout=TRANSFER_SECONDS,
        )
        self._host.require(done, "could not send the results")

    def _end(self, folder: str) -> None:
        end(self._shell, folder, self._host.python)

    def _again(self, do: Callable[[], T], stop: Event) -> T:
        return reconnecting(self._shell, do, reconnect_seconds=self._reconnect_seconds, stop=stop)


def folders(
    shell: SshClient, run_label: str | None = None, python: str = "python3"
) -> tuple[str, ...]:
    """The folders of a run (``None``: of all runs) that this user has on the machine."""
    text = _Host(shell, python).text("list", "eqc-" if run_label is None else _prefix(run_label))
    return tuple(text.splitlines())


def installed_versions(
    shell: SshClient, names: Sequence[str], python: str = "python3"
) -> dict[str, str | None]:
    """The versions of distributions that the machine's Python has; ``None``: it has none.

    Raises ``OutputRefused`` for an answer that is none, ``EnvironmentNotReady``.
    """
    said = _Host(shell, python).json("versions", *names)
    return {
        name: printable(str(version))[:100] if (version := said.get(name)) is not None else None
        for name in names
    }


def end(
    shell: SshClient, folder: str, python: str = "python3", *, reconnect_seconds: float = 60.0
) -> None:
    """End the processes of a folder and remove it, if it is there. Raises ``MachinesLeft``."""
    try:
        reconnecting(
            shell,
            lambda: _Host(shell, python).call("end", folder),
            reconnect_seconds=reconnect_seconds,
        )
    except (ConnectionLost, EnvironmentNotReady) as error:
        raise MachinesLeft(
            f"{printable(folder)} on {shell.label} could not be removed, nor its processes ended: "
            f"{error}; end and remove them there by hand"
        ) from error


class _Host:
    """Calls ``remote_agent`` with an interpreter of the machine."""

    def __init__(self, shell: SshClient, python: str) -> None:
        self._shell = shell
        self.python = python
        self._program = (
            files("orchestrator.executors").joinpath("remote_agent.py").read_text("utf-8")
        )

    def argv(self, *words: str) -> tuple[str, ...]:
        return (self.python, "-c", self._program, *words)

    def call(self, *words: str, stdin: BinaryIO | None = None) -> bytes:
        done = self._shell.run(
            self.argv(*words), stdin=stdin, timeout=TRANSFER_SECONDS, limit=_SHORT_LIMIT
        )
        self.require(done, f"failed at the step {words[0]!r} of a job without Docker")
        return done.stdout

    def text(self, *words: str) -> str:
        try:
            return self.call(*words).decode()
        except UnicodeDecodeError as error:
            raise OutputRefused(
                f"{self._shell.label} sent an answer that is no UTF-8 text"
            ) from error

    def json(self, *words: str) -> dict[str, Any]:
        try:
            found = parse_json(self.call(*words))
        except ValueError as error:
            raise OutputRefused(f"{self._shell.label} sent an answer that is no JSON") from error
        if not isinstance(found, dict):
            raise OutputRefused(f"{self._shell.label} sent an answer that is no JSON object")
        return found

    def check(self) -> None:
        """Verify Python's version and packages.

        Raises ``EnvironmentNotReady``, which says what to install.
        """
        said = self.json("check")
        version = said.get("python")
        if not isinstance(version, list) or not all(isinstance(n, int) for n in version):
            raise OutputRefused(f"{self._shell.label}: {self.python} reported no version")
        if tuple(version) < OLDEST_PYTHON:
            raise EnvironmentNotReady(
                f"{self._shell.label}: {self.python} is {version}; 3.8 or later is needed: "
                "install one and set the host's key `python` to it, or install Docker"
            )
        lacking = said.get("missing")
        if lacking:
            words = lacking if isinstance(lacking, list) else [lacking]
            missing = printable(" ".join(map(str, words)))[:500]
            raise EnvironmentNotReady(
                f"{self._shell.label}: {self.python} lacks {missing}: install it there (pip "
                f"install {missing}), set the host's key `python` to another interpreter, or "
                "install Docker"
            )

    def require(self, done: Completed, what: str) -> None:
        if done.code:
            raise EnvironmentNotReady(f"{self._shell.label} {what}: {done.complaint[-500:]}")


def _prefix(run_label: str) -> str:
    if not run_label or any(c in run_label for c in "/\0\n."):
        raise ValueError(f"a run's tag is letters, digits and '-', not {run_label!r}")
    return f"eqc-{run_label}."
