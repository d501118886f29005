"""What a runner says while it runs, and what its end says of the sessions it did not report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from orchestrator.system.untrusted_json import parse_json
from orchestrator.model.experiment import Reason
from orchestrator.executors.base import Ended

NOTES = 200
"""Lines of one job that are no session and are passed on."""
LONGEST_NOTE = 500
_FIELDS = ("event", "cell", "session", "status", "seconds")


class Hearing:
    """Passes on what one runner says: each of its sessions once, and not more than some notes.

    Called by one thread, with one line after the other.
    """

    def __init__(self, tell: Callable[[dict[str, Any]], None], job: str, sessions: int) -> None:
        self._tell = tell
        self._job = job
        self._left = {"session": sessions, "note": NOTES}

    def __call__(self, line: str) -> None:
        """Pass a line on, unless it is one too many."""
        event = event_of(line)
        self._left[event["event"]] -= 1
        left = self._left[event["event"]]
        if left == -1:
            event = {"event": "note", "text": "it says more than a runner does: not passed on"}
        if left >= -1:
            self._tell({**event, "job": self._job})


def event_of(line: str) -> dict[str, Any]:
    """A runner's progress line as an event; anything else it prints as a note."""
    try:
        event = parse_json(line)
    except ValueError:
        event = None
    if isinstance(event, dict) and event.get("event") == "session":
        said = {name: event.get(name) for name in _FIELDS}
        if all(value is None or isinstance(value, str | int | float) for value in said.values()):
            return said
    return {"event": "note", "text": line[:LONGEST_NOTE]}


def silence_of(ended: Ended) -> Reason:
    """Why a session that the runner was asked for is not in its output."""
    if ended.code == 0:
        return Reason("not-reported", "the runner ended well but did not report this session")
    how = f"signal {-ended.code}" if ended.code < 0 else f"exit code {ended.code}"
    return Reason("runner-died", f"the runner ended early ({how})", ended.stderr)
