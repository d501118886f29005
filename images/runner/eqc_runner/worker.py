"""The worker process: imports one framework, then forks a fresh child for each session.

It reads what to do from stdin (``Assignment`` as JSON) and reports to the supervisor in JSON
lines on stdout, which is taken away from the framework first. It decides nothing: limits,
classification and failed observations are the supervisor's.

    {"event": "ready"}                                    the framework is imported
    {"event": "unusable", "status", "code", "message"}    it cannot be
    {"event": "begin", "cell", "session", "pid"}
    {"event": "ended", "cell", "session", "reason"}       null: its line is in observations.jsonl
    {"event": "died", "cell", "session", "returncode"}    of a forked child, also after "ended"
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Mapping, NamedTuple, NoReturn

from eqc_runner import adapters
from eqc_runner.failures import Reason, SessionError, reason_of
from eqc_runner.job import Session
from eqc_runner.process_group import die_with_parent
from eqc_runner.stderr_marks import stderr_mark

if TYPE_CHECKING:
    from eqc_runner.adapters.protocol import Adapter

CANNOT_WRITE = 74
"""Exit code of a session whose observation could not be written (EX_IOERR)."""


class Assignment(NamedTuple):
    """What a worker is started for: cells of one group, and their sessions in order."""

    job: str
    out: str
    framework: str
    mode: str
    cells: Mapping[str, Any]
    """The job's records by cell id."""
    sessions: list[tuple[str, int]]


def main(source: BinaryIO) -> int:
    """Work off the assignment that is read from ``source``; the exit code is 0 if it could."""
    assignment = Assignment(**json.loads(source.read()))
    report = Report()
    try:
        adapter = adapters.get(assignment.framework)
        adapter.start()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is an observation
        if not isinstance(error, SessionError):
            traceback.print_exc()
        if isinstance(error, ModuleNotFoundError):
            error = adapters.not_installed(assignment.framework, error)
        reason = reason_of(error)
        report("unusable", status=reason.status, code=reason.code, message=reason.message)
        return 0
    # Only now, so that the framework is imported first as in a user's script, and here, so that
    # a forked child has NumPy already.
    importlib.import_module("eqc_runner.session")
    report("ready")
    for cell, session in assignment.sessions:
        os.write(2, stderr_mark(Session(cell, session)))
        if assignment.mode == "cold":
            report("begin", cell=cell, session=session, pid=os.getpid())
            return run_session(adapter, assignment, cell, session, report)
        _fork_session(adapter, assignment, cell, session, report)
    return 0


class Report:
    """The line to the supervisor: a private copy of stdout, which itself becomes stderr."""

    def __init__(self) -> None:
        self._descriptor = os.dup(1)
        os.dup2(2, 1)

    def __call__(self, event: str, **fields: Any) -> None:
        """Send one event; shorter than a pipe's buffer, so lines of processes never mix."""
        os.write(self._descriptor, json.dumps({"event": event, **fields}).encode() + b"\n")


def run_session(
    adapter: Adapter, assignment: Assignment, cell: str, session: int, report: Report
) -> int:
    """Compute one session in this process and write its line; an exit code."""
    # Imported late for the reason given in ``main``.
    from eqc_runner import observations  # noqa: PLC0415
    from eqc_runner.session import Folders, observe  # noqa: PLC0415

    folders = Folders(Path(assignment.job), Path(assignment.out))
    reason: Reason | None = None
    try:
        record = observe(adapter, assignment.cells[cell], session, assignment.mode, folders)
        observations.append(folders.out / observations.NAME, record)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is an observation
        reason = reason_of(error)
        # Where is of interest if the code alone does not say what to do.
        if not isinstance(error, SessionError) and reason.code != "no-space":
            traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    report("ended", cell=cell, session=session, reason=None if reason is None else list(reason))
    return 0


def _fork_session(
    adapter: Adapter, assignment: Assignment, cell: str, session: int, report: Report
) -> None:
    parent = os.getpid()
    sys.stdout.flush()
    sys.stderr.flush()
    with warnings.catch_warnings():
        # Newer Pythons warn of threads at a fork; importing may start some, none computes.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        _child(adapter, assignment, cell, session, report, parent)
    _, status = os.waitpid(pid, 0)
    # A signal is a negative number, as in subprocess.
    code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
    report("died", cell=cell, session=session, returncode=code)


def _child(
    adapter: Adapter,
    assignment: Assignment,
    cell: str,
    session: int,
    report: Report,
    parent: int,
) -> NoReturn:
    code = 70
    try:
        os.setpgid(0, 0)
        die_with_parent(parent)
        report("begin", cell=cell, session=session, pid=os.getpid())
        code = run_session(adapter, assignment, cell, session, report)
    finally:
        # Not sys.exit: frameworks' exit handlers wait for threads that the fork did not copy.
        os._exit(code)
