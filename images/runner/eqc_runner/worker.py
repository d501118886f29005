"""The worker process: imports one framework, then forks a fresh child for each session.

It reads its ``Assignment`` from stdin as JSON and reports to the supervisor in JSON lines on
stdout; what the framework prints to stdout goes to stderr instead. The supervisor enforces the
limits and writes the observations of failed sessions.

    {"event": "ready"}                                    the framework is imported
    {"event": "unusable", "status", "code", "message"}    the framework cannot be imported
    {"event": "begin", "cell", "session", "pid"}          a session begins, in process pid
    {"event": "ended", "cell", "session", "reason"}       reason null: its line is written
    {"event": "died", "cell", "session", "returncode"}    a forked child ended, also after "ended"
"""

from __future__ import annotations

import contextlib
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
from eqc_runner.presentation import check
from eqc_runner.process_group import die_with_parent
from eqc_runner.stderr_marks import stderr_mark

if TYPE_CHECKING:
    from eqc_runner.adapters.protocol import Adapter


class Assignment(NamedTuple):
    """The work of one worker: cells of one group, and their sessions in order."""

    job: str
    out: str
    framework: str
    mode: str
    cells: Mapping[str, Any]
    """The job's records by cell id."""
    sessions: list[tuple[str, int]]


def main(source: BinaryIO) -> int:
    """Compute the sessions of the assignment read from ``source``; returns the exit code, 0."""
    assignment = Assignment(**json.loads(source.read()))
    report = Report()
    try:
        check.require()
        adapter = adapters.get(assignment.framework)
        adapter.start()
        check.require_all_objects()
    except Exception as error:  # noqa: BLE001 - any error is reported, as an observation
        if not isinstance(error, SessionError):
            traceback.print_exc()
        if isinstance(error, ModuleNotFoundError):
            error = adapters.not_installed(assignment.framework, error)
        reason = reason_of(error)
        report("unusable", status=reason.status, code=reason.code, message=reason.message)
        return 0
    # Imported after the framework, which so comes first as in a user's script, and before any
    # fork, so that a child need not import NumPy.
    importlib.import_module("eqc_runner.session")
    if assignment.mode == "fork":
        import_for_sources(adapter, {c["workload"]["source"] for c in assignment.cells.values()})
    report("ready")
    for cell, session in assignment.sessions:
        os.write(2, stderr_mark(Session(cell, session)))
        if assignment.mode == "cold":
            report("begin", cell=cell, session=session, pid=os.getpid())
            return run_session(adapter, assignment, cell, session, report)
        _fork_session(adapter, assignment, cell, session, report)
    return 0


def import_for_sources(adapter: Adapter, sources: set[str]) -> None:
    """Import what each session would import to load a model of these sources.

    Adapters may name such modules in ``imports``, a mapping from source to modules. They are not
    needed: one that this version of the framework does not have is left out.
    """
    for source in sorted(sources):
        for module in getattr(adapter, "imports", {}).get(source, ()):
            with contextlib.suppress(ImportError):
                importlib.import_module(module)


class Report:
    """Sends events to the supervisor on a copy of stdout; stdout itself is redirected to stderr."""

    def __init__(self) -> None:
        self._descriptor = os.dup(1)
        os.dup2(2, 1)

    def __call__(self, event: str, **fields: Any) -> None:
        """Write one event as one line, short enough that lines of several processes never mix."""
        os.write(self._descriptor, json.dumps({"event": event, **fields}).encode() + b"\n")


def run_session(
    adapter: Adapter, assignment: Assignment, cell: str, session: int, report: Report
) -> int:
    """Compute one session in this process and write its line; returns the exit code, 0."""
    # Imported late for the reason given in ``main``.
    from eqc_runner import observations  # noqa: PLC0415
    from eqc_runner.session import Folders, observe  # noqa: PLC0415

    folders = Folders(Path(assignment.job), Path(assignment.out))
    reason: Reason | None = None
    try:
        reported = check.report_size()
        record = observe(adapter, assignment.cells[cell], session, assignment.mode, folders)
        check.require_all_objects(reported)
        observations.append(folders.out / observations.NAME, record)
    except Exception as error:  # noqa: BLE001 - any error is reported, as an observation
        reason = reason_of(error)
        # A traceback is of use only where the reason's code does not say what to do.
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
        # Python 3.12 and later warn of threads at a fork. Importing a framework may start
        # threads, but none of them computes.
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
