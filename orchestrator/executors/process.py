"""The runner as a process group of this computer, where there is no container engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from threading import Event
from typing import IO, Any

from orchestrator.catalog.frameworks import FOLDERS_VARIABLE, outside_folders
from orchestrator.errors import EnvironmentNotReady
from orchestrator.executors.base import TAIL_LINES, OnLine, RunnerExit
from orchestrator.model.experiment import Installation
from orchestrator.results.record import SoftwareRecord
from orchestrator.results.software import parse_software
from orchestrator.system.environment import without_credentials
from orchestrator.system.lines import lines_of, tail_of
from orchestrator.system.paths import runner_path
from orchestrator.system.untrusted_json import parse_json

# Variables of this computer that a runner process gets. Variables that change numerical results
# come from the job alone, as in a container; those that change which software is found are passed
# on, since this interpreter was started with them, and what they bring is recorded.
FINDS_SOFTWARE = (
    *("LD_AUDIT", "LD_LIBRARY_PATH", "LD_PRELOAD"),
    *("PYTHONHOME", "PYTHONNOUSERSITE", "PYTHONPLATLIBDIR", "PYTHONUSERBASE"),
)
PASSED_ON = ("HOME", "LANG", "PATH", "TMPDIR", "CUDA_VISIBLE_DEVICES", *FINDS_SOFTWARE)
GRACE_SECONDS = 10.0


class ProcessExecutor:
    """Runs the runner with ``python``; ``None``: this interpreter."""

    def __init__(self, python: Path | None = None) -> None:
        self._python = python

    def run(self, job: Path, out: Path, *, on_line: OnLine, stop: Event) -> RunnerExit:
        """See ``Executor.run``. On Linux the runner is also killed when this process ends."""
        python = str(self._python or sys.executable)
        argv = [python, "-m", "eqc_runner", "run", str(job), str(out)]
        return supervised(argv, environment(self._python), on_line=on_line, stop=stop)


def supervised(
    argv: Sequence[str], variables: Mapping[str, str], *, on_line: OnLine, stop: Event
) -> RunnerExit:
    """Run a program in a process group of its own; all its processes are ended afterwards.

    ``variables`` are its whole environment; see ``Executor.run`` for the rest.
    """
    process = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=variables,
        start_new_session=True,
    )
    assert process.stdout is not None  # noqa: S101 - for the type checker
    assert process.stderr is not None  # noqa: S101 - for the type checker
    errors = process.stderr
    tail: list[str] = []
    threads = (
        threading.Thread(target=_end_when, args=(stop, process), daemon=True),
        threading.Thread(
            target=lambda: tail.append(tail_of(_chunks(errors), TAIL_LINES)), daemon=True
        ),
    )
    for thread in threads:
        thread.start()
    try:
        for line in lines_of(_chunks(process.stdout)):
            on_line(line)
        code = process.wait()
    finally:
        end_group(process.pid, signal.SIGKILL)
        process.wait()
        for thread in threads:
            # A process that left the group may hold stderr open: it is not waited for.
            thread.join(GRACE_SECONDS)
        process.stdout.close()
        if tail:
            errors.close()
    return RunnerExit(code, "".join(tail), interrupted=stop.is_set())


def _chunks(pipe: IO[bytes]) -> Iterator[bytes]:
    while chunk := os.read(pipe.fileno(), 1 << 16):
        yield chunk


def environment(python: Path | None = None) -> dict[str, str]:
    """The environment of a runner process.

    What brings software from elsewhere is passed on to this interpreter, and to no other: one that
    was made for a version has that version.
    """
    own = python is None or python == Path(sys.executable)
    names = PASSED_ON if own else [name for name in PASSED_ON if name not in FINDS_SOFTWARE]
    passed = {name: os.environ[name] for name in names if name in os.environ}
    return {
        **passed,
        "PYTHONPATH": os.pathsep.join([str(runner_path()), *(_own_paths() if own else ())]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "EQC_DIE_WITH_PARENT": "1",
        FOLDERS_VARIABLE: os.pathsep.join(map(str, outside_folders())),
    }


def _own_paths() -> list[str]:
    """The folders of this computer's ``PYTHONPATH``."""
    given = os.environ.get("PYTHONPATH")
    return [str(Path(path).absolute()) for path in given.split(os.pathsep)] if given else []


def installed_software(installation: Installation, python: Path | None = None) -> SoftwareRecord:
    """What would compute here with ``python``; ``None``: with this interpreter.

    Raises ``EnvironmentNotReady`` where the runner does not say.
    """
    words = [installation.framework, *installation.requires]
    argv = [str(python or sys.executable), "-m", "eqc_runner", "software", *words]
    done = subprocess.run(argv, capture_output=True, check=False, env=environment(python))
    try:
        return parse_software(parse_json(done.stdout))
    except ValueError as error:
        said = done.stderr.decode(errors="replace")[-2000:].strip() or str(error)
        raise EnvironmentNotReady(
            f"what is installed for {installation.label} cannot be told: {said}"
        ) from error


def probe() -> dict[str, Any]:
    """This computer's fingerprint, as the runner sees it (docs/formats.md, section 4).

    Raises ``EnvironmentNotReady`` where the runner's probe fails.
    """
    done = subprocess.run(
        [sys.executable, "-m", "eqc_runner", "probe"],
        capture_output=True,
        check=False,
        env={**without_credentials(), **environment()},
    )
    if done.returncode:
        raise EnvironmentNotReady(
            "this computer cannot be probed:\n" + done.stderr.decode(errors="replace")[-2000:]
        )
    fingerprint: dict[str, Any] = json.loads(done.stdout)
    return fingerprint


def end_group(group: int, number: signal.Signals) -> None:
    """Send a signal to a process group; nothing happens where it has ended already."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return


def _end_when(stop: Event, process: subprocess.Popen[bytes]) -> None:
    """End the process when ``stop`` is set: SIGTERM, then SIGKILL after ``GRACE_SECONDS``."""
    while process.poll() is None:
        if not stop.wait(0.2):
            continue
        end_group(process.pid, signal.SIGTERM)
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            end_group(process.pid, signal.SIGKILL)
        return
