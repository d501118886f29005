"""Marks in a worker's stderr that separate the text of one session from that of the next.

Events and stderr come through two pipes, so their order is lost. The worker therefore writes a
mark to stderr before each session, and the supervisor splits the text at the marks.
"""

from __future__ import annotations

import re

from eqc_runner.job import Session

STDERR_MARK = b"\x1eeqc-session "
"""ASCII 30 is the record separator; no framework's log begins a line with it."""

_WHOLE_MARK = re.compile(re.escape(STDERR_MARK) + rb"[^\n]*\n")


def stderr_mark(session: Session) -> bytes:
    """The line that precedes everything that ``session`` writes, newline included."""
    return STDERR_MARK + f"{session.cell} {session.session}\n".encode("ascii")


def without_marks(chunk: bytes) -> bytes:
    """``chunk`` without the lines that are marks, for people to read."""
    return _WHOLE_MARK.sub(b"", chunk)
