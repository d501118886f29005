"""The supervisor's side of a worker process: start it, read its reports, end it."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any, Mapping, NamedTuple, Sequence

from eqc_runner.job import Session
from eqc_runner.process_group import before_exec, kill_group
from eqc_runner.stderr_marks import STDERR_MARK, stderr_mark, without_marks
from eqc_runner.steering import without_steering

TAIL_LINES = 20
_TAIL_BYTES = 1 << 16
_LINE_CHARACTERS = 400
"""Longer lines are cut: a crashing Python lists hundreds of modules in one."""


class CannotStart(Exception):  # noqa: N818 - plain without the suffix Error
    """The launcher or Python itself is missing or may not be executed."""


class Event(NamedTuple):
    """A report of a worker. ``name`` is ``gone`` when it has ended and ``silent`` on a timeout."""

    name: str
    fields: Mapping[str, Any]


class WorkerProcess:
    """A running worker, a context manager: at its end the worker and its children have ended."""

    def __init__(
        self,
        launcher: Sequence[str],
        environment: Mapping[str, str],
        assignment: Mapping[str, Any],
        memory_bytes: int | None,
        *,
        is_told: bool = False,
    ) -> None:
        """``is_told``: it waits for words (``tell``) while it works."""
        # Every session inherits the write end of stderr: when it is closed, all have ended.
        argv = [*launcher, sys.executable, "-X", "faulthandler", "-m", "eqc_runner", "worker"]
        try:
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=worker_environment(os.environ, environment),
                start_new_session=True,
                preexec_fn=before_exec(memory_bytes, launcher),  # noqa: PLW1509 - one thread, libc loaded
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise CannotStart(f"{argv[0]} cannot be started: {error}") from error
        self._tail = bytearray()
        self._buffer = b""
        self._events: deque[Event] = deque()
        self._selector = selectors.DefaultSelector()
        for stream in (self._process.stdout, self._process.stderr):
            assert stream is not None  # noqa: S101 - PIPE was asked for
            os.set_blocking(stream.fileno(), False)
            self._selector.register(stream, selectors.EVENT_READ)
        self._write(json.dumps(assignment).encode() + b"\n")
        if not is_told:
            self._end_of_words()

    def __enter__(self) -> WorkerProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._end_of_words()
        self._selector.close()
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()

    def next(self, until: float) -> Event:
        """The next event, ``gone``, or ``silent`` if none came before ``until`` (monotonic)."""
        while not self._events:
            left = until - time.monotonic()
            if left <= 0:
                return Event("silent", {})
            if self._selector.get_map():
                self._read(left)
            else:
                time.sleep(0.01)
            # A descendant that left the process group may keep the pipes open: so the worker's
            # own end is checked, too.
            if not self._events and self._process.poll() is not None:
                self._drain()
                if not self._events:
                    return Event("gone", {"returncode": self._process.returncode})
        return self._events.popleft()

    def stderr(self, session: Session | None = None) -> str:
        """The last lines that ``session`` wrote, or those written before the first session."""
        self._drain()
        text = bytes(self._tail)
        if session is not None:
            # Not found: the session wrote so much that its mark is no longer in the tail.
            text = text[max(0, text.find(stderr_mark(session))) :]
            text = text.partition(b"\n")[2] if text.startswith(STDERR_MARK) else text
        text = text.partition(STDERR_MARK)[0]
        lines = text.decode("utf-8", "replace").splitlines()
        return "\n".join(line[:_LINE_CHARACTERS] for line in lines[-TAIL_LINES:])

    def kill(self, session_pid: int | None = None) -> None:
        """End the worker and the session that runs in it, and wait until both are gone."""
        if session_pid is not None and self._process.poll() is None:
            kill_group(session_pid)
        if self._process.poll() is None:
            kill_group(self._process.pid)
        self._process.wait()
        # The kernel kills the children with the worker; their ends of the pipe close with them.
        end = time.monotonic() + 5
        while self._selector.get_map() and time.monotonic() < end:
            self._read(0.1)

    def tell(self, word: str) -> None:
        """Send one line to a worker that waits for one (``is_told``)."""
        self._write(word.encode() + b"\n")

    def unread(self, event: Event) -> None:
        """Let ``next`` return ``event`` once more."""
        self._events.appendleft(event)

    def _write(self, content: bytes) -> None:
        stdin = self._process.stdin
        assert stdin is not None  # noqa: S101 - PIPE was asked for
        try:
            stdin.write(content)
            stdin.flush()
        except BrokenPipeError:
            # The worker ended at once: its exit status and stderr give the reason.
            return

    def _end_of_words(self) -> None:
        stdin = self._process.stdin
        assert stdin is not None  # noqa: S101 - PIPE was asked for
        try:
            stdin.close()
        except BrokenPipeError:
            return

    def _drain(self) -> None:
        while self._selector.get_map() and self._read(0):
            pass

    def _read(self, timeout: float) -> bool:
        """Read what the pipes hold; returns whether they held anything."""
        ready = self._selector.select(min(timeout, 0.5))
        for key, _ in ready:
            chunk = os.read(key.fd, 1 << 16)
            if not chunk:
                self._selector.unregister(key.fileobj)
            elif key.fileobj is self._process.stderr:
                self._tail = (self._tail + chunk)[-_TAIL_BYTES:]
                _pass_on(chunk)
            else:
                *lines, self._buffer = (self._buffer + chunk).split(b"\n")
                for line in lines:
                    fields = json.loads(line)
                    self._events.append(Event(fields.pop("event"), fields))
        return bool(ready)


def worker_environment(surroundings: Mapping[str, str], cell: Mapping[str, str]) -> dict[str, str]:
    """``surroundings`` without what steers numerics, overlaid with the cell's own variables."""
    kept = without_steering(surroundings)
    kept.update(cell)
    # A worker must find this very package, also where it is not installed.
    place = str(Path(__file__).resolve().parent.parent)
    paths = [path for path in kept.get("PYTHONPATH", "").split(os.pathsep) if path]
    kept["PYTHONPATH"] = os.pathsep.join([place, *(path for path in paths if path != place)])
    return kept


def _pass_on(chunk: bytes) -> None:
    try:
        os.write(2, without_marks(chunk))
    except OSError:
        # The reader of stderr has ended. Only the log is lost: the observations are files.
        return
