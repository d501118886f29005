"""What a runner says while it runs, and what its end says of the sessions it did not report."""

from __future__ import annotations

import json
from typing import Any

from orchestrator.model import Reason
from orchestrator.shell.job import Ended


def event_of(line: str) -> dict[str, Any]:
    """A runner's progress line as an event; anything else it prints as a note."""
    try:
        event = json.loads(line)
    except ValueError:
        event = None
    if isinstance(event, dict) and event.get("event") == "session":
        return event
    return {"event": "note", "text": line[:500]}


def silence_of(ended: Ended) -> Reason:
    """Why a session that the runner was asked for is not in its output."""
    if ended.code == 0:
        return Reason("not-reported", "the runner ended well but did not report this session")
    how = f"signal {-ended.code}" if ended.code < 0 else f"exit code {ended.code}"
    return Reason("runner-died", f"the runner ended early ({how})", ended.stderr)
