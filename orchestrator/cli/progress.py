"""Progress of a run: live rows at a terminal, plain lines otherwise, JSON lines for programs."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from orchestrator.cli.terminal import console
from orchestrator.model.events import (
    CleanedUp,
    Event,
    EventSink,
    JobEnded,
    JobsPlanned,
    JobStarted,
    MachineChanged,
    Note,
    SessionEnded,
    Skipped,
    unfailing,
)
from orchestrator.plan.cost import dollars
from orchestrator.report.escape import plain
from orchestrator.system.counted import counted


@contextmanager
def progress(events: Path | None, *, quiet: bool) -> Iterator[EventSink]:
    """A thread-safe function that shows one event and, with ``events``, appends it to that file."""
    lock = threading.Lock()
    with ExitStack() as stack:
        listeners: list[EventSink] = []
        if not quiet:
            # On stderr: stdout is for the results.
            terminal = Console(stderr=True)
            live = terminal.is_terminal
            shown = stack.enter_context(_live(terminal)) if live else _plain
            listeners.append(unfailing(shown, _say("the progress cannot be shown any more")))
        if events is not None:
            write = _writer(stack, events)
            listeners.append(unfailing(write, _say(f"{events}: has not all events of this run")))

        def tell(event: Event) -> None:
            with lock:
                for listener in listeners:
                    listener(event)

        yield tell


def _say(what: str) -> Callable[[Exception], None]:
    return lambda error: click.echo(f"eqc: {what}: {error}; the run goes on", err=True)


def _writer(stack: ExitStack, path: Path) -> EventSink:
    file = stack.enter_context(path.open("a", encoding="utf-8"))

    def write(event: Event) -> None:
        file.write(json.dumps({"time": round(time.time(), 3), **event.as_json()}) + "\n")
        file.flush()

    return write


def _plain(event: Event) -> None:
    line = _line(event)
    if line:
        console(sys.stderr).print(line)


def _line(event: Event) -> str | None:
    """An event as text for people, control characters escaped; ``None``: it is not shown."""
    said = _said(event)
    return None if said is None else "\n".join(plain(line) for line in said.split("\n"))


def _said(event: Event) -> str | None:
    match event:
        case Note():
            return event.text
        case Skipped():
            return f"skipped {event.platform} {event.framework}: {event.reason}"
        case JobsPlanned():
            sessions = counted(sum(event.sessions.values()), "session")
            return f"{sessions} in {counted(len(event.sessions), 'job')}"
        case JobStarted():
            return f"started {event.job}"
        case SessionEnded():
            return None
        case JobEnded():
            bad = f", {event.not_ok} not ok" if event.not_ok else ""
            return f"ended   {event.job}: {counted(event.sessions, 'session')}{bad}"
        case MachineChanged():
            where = event.offer if event.machine is None else f"{event.offer}, {event.machine}"
            text = f": {event.text}" if event.text else ""
            return f"{event.state} {event.platform} ({where}){text}"
        case CleanedUp():
            return f"machines left: {event.left}{_cost(event)}"


def _cost(event: CleanedUp) -> str:
    """The cost by list price, if machines were rented."""
    if event.cost_actual is None:
        return ""
    least = "at least " if event.unpriced else ""
    known = event.cost_estimated
    estimated = "unknown" if known is None else dollars(known)
    actual = dollars(event.cost_actual)
    return f"; cost {least}{actual} USD by list price, estimated {estimated}"


@contextmanager
def _live(terminal: Console) -> Iterator[EventSink]:
    """Shows one progress bar per job, and one for all sessions."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=terminal) as bars:
        total = bars.add_task("all sessions", total=None, note="")
        rows: dict[str, TaskID] = {}
        sizes: dict[str, int] = {}

        def tell(event: Event) -> None:
            match event:
                case JobsPlanned():
                    sizes.update(event.sessions)
                    bars.update(total, total=sum(sizes.values()))
                case JobStarted(job):
                    rows[job] = bars.add_task(escape(plain(job)), total=sizes.get(job), note="")
                case SessionEnded():
                    bars.advance(total)
                    if event.job in rows:
                        bars.advance(rows[event.job])
                case JobEnded(job):
                    if event.not_ok == 0 and job in rows:
                        bars.remove_task(rows.pop(job))
                    elif job in rows:
                        bars.update(rows[job], note=f"{event.not_ok} not ok")
                case _:
                    line = _line(event)
                    if line:
                        bars.console.print(escape(line))

        yield tell
