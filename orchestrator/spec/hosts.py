"""Hosts reached by SSH: a list in the experiment, or a YAML file of its own."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from orchestrator.spec.files import FileMistake, find
from orchestrator.spec.mistakes import Mistakes
from orchestrator.spec.platform_entries import Host
from orchestrator.spec.text import parse

_WRITTEN = re.compile(r"(?:(?P<user>[^@\s]+)@)?(?P<name>[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?")


def read_hosts(hosts: str | list[str | Host], folder: Path) -> list[Host]:
    """The hosts given, or those in the file of that name.

    The file is a list of ``user@address:port`` and ``{name, address, user, port}``, or a mapping
    with that list as ``hosts``. Raises FileMistake.
    """
    listed = _from_file(find(hosts, folder)) if isinstance(hosts, str) else hosts
    found = [_parsed(host) if isinstance(host, str) else host for host in listed]
    names = [host.name for host in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if not found or twice:
        raise FileMistake(f"hosts given twice: {', '.join(twice)}" if twice else "no hosts given")
    return found


def _from_file(path: Path) -> list[str | Host]:
    mistakes = Mistakes(str(path))
    try:
        data = parse(path.read_text(encoding="utf-8"), mistakes)
    except (OSError, UnicodeDecodeError) as error:
        raise FileMistake(f"cannot read {path}: {error}") from error
    if mistakes.found:
        raise FileMistake(str(mistakes.found[0]))
    if isinstance(data, dict) and set(data) == {"hosts"}:
        data = data["hosts"]
    try:
        return TypeAdapter(list[str | Host]).validate_python(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        loc = tuple(part for part in first["loc"] if part != "Host")
        line = mistakes.mark(loc).line
        raise FileMistake(f"{path}:{line}: not a host: {first['msg']}") from error


def _parsed(written: str) -> Host:
    match = _WRITTEN.fullmatch(written)
    if match is None or not 1 <= int(match["port"] or 22) <= 65535:
        raise FileMistake(f"a host is written like user@address:22, not '{written}'")
    return Host(name=match["name"], user=match["user"], port=int(match["port"] or 22))
