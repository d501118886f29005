"""Progress of a run: live rows at a terminal, plain lines otherwise, JSON lines for programs."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from orchestrator.cli.terminal import console
from orchestrator.plan.cost import dollars
from orchestrator.report.escape import plain

Event = dict[str, Any]
Tell = Callable[[Event], None]


@contextmanager
def progress(events: Path | None, *, quiet: bool) -> Iterator[Tell]:
    """A thread-safe function that shows one event and, with ``events``, appends it to that file."""
    lock = threading.Lock()
    with ExitStack() as stack:
        listeners: list[Tell] = []
        if not quiet:
            # On stderr: stdout is for the results.
            terminal = Console(stderr=True)
            live = terminal.is_terminal
            listeners.append(stack.enter_context(_live(terminal)) if live else _plain)
        if events is not None:
            listeners.append(_writer(stack, events))

        def tell(event: Event) -> None:
            with lock:
                for listener in listeners:
                    listener(event)

        yield tell


def _writer(stack: ExitStack, path: Path) -> Tell:
    file = stack.enter_context(path.open("a", encoding="utf-8"))

    def write(event: Event) -> None:
        file.write(json.dumps({"time": round(time.time(), 3), **event}) + "\n")
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
    match event["event"]:
        case "note":
            return str(event["text"])
        case "skipped":
            return f"skipped {event['platform']} {event['framework']}: {event['reason']}"
        case "jobs":
            jobs = event["jobs"]
            return f"{sum(jobs.values())} sessions in {len(jobs)} jobs"
        case "started":
            return f"started {event['job']}"
        case "ended":
            bad = event["not_ok"]
            return f"ended   {event['job']}: {event['sessions']} sessions" + (
                f", {bad} not ok" if bad else ""
            )
        case "machine":
            where = event["place"] + (f", {event['machine']}" if "machine" in event else "")
            text = f": {event['text']}" if event.get("text") else ""
            return f"{event['state']} {event['platform']} ({where}){text}"
        case "swept":
            return f"machines left: {event['left']}{_cost(event)}"
    return None


def _cost(event: Event) -> str:
    """The cost by list price, if machines were rented."""
    if event.get("cost_actual") is None:
        return ""
    least = "at least " if event["unpriced"] else ""
    actual, estimated = dollars(event["cost_actual"]), dollars(event["cost_estimated"])
    return f"; cost {least}{actual} USD by list price, estimated {estimated}"


@contextmanager
def _live(terminal: Console) -> Iterator[Tell]:
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
        rows: dict[str, Any] = {}
        sizes: dict[str, int] = {}

        def tell(event: Event) -> None:
            match event["event"]:
                case "jobs":
                    sizes.update(event["jobs"])
                    bars.update(total, total=sum(sizes.values()))
                case "started":
                    job = event["job"]
                    rows[job] = bars.add_task(escape(plain(job)), total=sizes.get(job), note="")
                case "session":
                    bars.advance(total)
                    if event["job"] in rows:
                        bars.advance(rows[event["job"]])
                case "ended":
                    note = f"{event['not_ok']} not ok" if event["not_ok"] else ""
                    if event["not_ok"] == 0 and event["job"] in rows:
                        bars.remove_task(rows.pop(event["job"]))
                    elif event["job"] in rows:
                        bars.update(rows[event["job"]], note=note)
                case _:
                    line = _line(event)
                    if line:
                        bars.console.print(escape(line))

        yield tell
