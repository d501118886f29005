"""Lists of hosts: in the experiment or in a YAML file of its own; how each of them is reached."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from orchestrator.model.experiment import Isolation
from orchestrator.model.machine import SshHost, SshPlacement
from orchestrator.providers.ssh.entry import Host
from orchestrator.yaml_files.files import FileMistake, find
from orchestrator.yaml_files.mistakes import Loc, Mistakes, nearest
from orchestrator.yaml_files.text import decoded, parse
from orchestrator.yaml_files.wording import by_value, shown, wrong_value

_WRITTEN = re.compile(
    r"(?:(?P<user>[^@\s-][^@\s]*)@)?(?P<name>[A-Za-z0-9._][A-Za-z0-9._-]*)(?::(?P<port>[0-9]{1,5}))?"
)


_FILES = ("identity", "known_hosts")
_EXAMPLES = {"port": "22", "user": "me", "name": "alpha", "python": "python3.11"}
_MOST_JUMPS = 4


def read_hosts(hosts: str | list[str | Host], folder: Path) -> list[Host]:
    """The hosts given, or those in the file of that name; paths in them are absolute afterwards.

    The file is a list of ``user@address:port`` and of mappings (see ``Host``), or a mapping with
    that list as ``hosts``; paths in it are relative to it. Raises FileMistake.
    """
    if isinstance(hosts, str):
        path = find(hosts, folder)
        hosts, folder = _from_file(path), path.parent
    parsed = [_parsed(host) if isinstance(host, str) else host for host in hosts]
    found = [_with_absolute_paths(host, folder) for host in parsed]
    names = [host.name for host in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if not found or twice:
        raise FileMistake(f"hosts given twice: {', '.join(twice)}" if twice else "no hosts given")
    return found


def placement_of(host: Host, hosts: Sequence[Host]) -> SshPlacement:
    """How to reach ``host``, one of ``hosts``. Raises FileMistake."""
    return SshPlacement(
        _reached(host, {other.name: other for other in hosts}, ()),
        Isolation(host.isolation),
        host.python or "python3",
    )


def _reached(host: Host, named: dict[str, Host], passed: tuple[str, ...]) -> SshHost:
    if host.name in passed or len(passed) > _MOST_JUMPS:
        raise FileMistake(f"the jump hosts of {passed[0]} go in a circle, or are too many")
    jump = None if host.jump is None else named.get(host.jump) or _parsed(host.jump)
    return SshHost(
        name=host.address or host.name,
        port=host.given_port,
        user=host.user,
        host_key=host.host_key,
        known_hosts=host.known_hosts,
        identity=host.identity,
        jump=None if jump is None else _reached(jump, named, (*passed, host.name)),
    )


def _with_absolute_paths(host: Host, folder: Path) -> Host:
    given = {key: getattr(host, key) for key in _FILES if getattr(host, key) is not None}
    return host.model_copy(update={key: str(find(path, folder)) for key, path in given.items()})


def _from_file(path: Path) -> list[str | Host]:
    mistakes = Mistakes(str(path))
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FileMistake(f"cannot read {path}: {error.strerror}") from error
    text = decoded(content, mistakes)
    data = None if text is None else parse(text, mistakes)
    if mistakes.found:
        raise FileMistake(str(mistakes.found[0]))
    if isinstance(data, dict) and set(data) == {"hosts"}:
        data = data["hosts"]
    try:
        return TypeAdapter(list[str | Host]).validate_python(data)
    except ValidationError as error:
        place, said = _said(error.errors(include_url=False), mistakes)
        mark = mistakes.mark(place, key="unknown key" in said)
        raise FileMistake(f"{path}:{mark.line}:{mark.column}: not a host: {said}") from error


def _said(errors: Sequence[ErrorDetails], mistakes: Mistakes) -> tuple[Loc, str]:
    """The place and the words of the first mistake that tells what was meant."""
    told = by_value([(tuple(error["loc"]), error) for error in errors], mistakes)
    # A key that is not known is probably a misspelt one that is missing, too.
    told.sort(key=lambda group: group[1][0]["type"] != "extra_forbidden")
    loc, here = told[0]
    first = here[0]
    place = mistakes.known(loc)
    if first["type"] == "extra_forbidden":
        return place, f"unknown key '{loc[-1]}'{nearest(loc[-1], Host.model_fields)}"
    if first["type"] == "missing":
        return place, f"it needs the key '{loc[-1]}', like '{loc[-1]}: alpha'"
    if first["type"] == "literal_error":
        expected = str(first.get("ctx", {}).get("expected"))
        return place, f"{shown(first['input'])} is not valid; valid: {expected}"
    if first["type"] == "value_error":
        return place, first["msg"].removeprefix("Value error, ")
    name = place[-1] if place and isinstance(place[-1], str) else "a host"
    example = f"'{name}: {_EXAMPLES[name]}'" if name in _EXAMPLES else "'user@alpha:22'"
    return place, wrong_value(str(name), here, example)


def _parsed(written: str) -> Host:
    match = _WRITTEN.fullmatch(written)
    if match is None or not 1 <= int(match["port"] or 22) <= 65535:
        raise FileMistake(f"a host is written like user@address:22, not '{written}'")
    if match["port"] is None:
        return Host(name=match["name"], user=match["user"])
    return Host(name=match["name"], user=match["user"], port=int(match["port"]))
