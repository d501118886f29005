"""Platform entries → platforms: every combination an entry stands for, each one once.

Hosts reached by SSH are a list in the experiment, or a YAML file of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from orchestrator import catalog
from orchestrator.experiment.clouds import cloud_platforms
from orchestrator.experiment.files import FileMistake, find
from orchestrator.experiment.mistakes import Loc, Mistakes, nearest
from orchestrator.experiment.platform_entries import Emulated, Host, Local, Mask, PlatformEntry, Ssh
from orchestrator.experiment.text import parse
from orchestrator.model.experiment import Platform, Scalar, pairs


def resolve_platforms(
    entries: list[tuple[Loc, PlatformEntry]], folder: Path, mistakes: Mistakes
) -> list[Platform]:
    """All platforms in the order of the file; what two entries have in common is there once."""
    platforms: dict[str, Platform] = {}
    for loc, entry in entries:
        for platform in _platforms(loc, entry, folder, mistakes):
            platforms.setdefault(platform.id, platform)
    return list(platforms.values())


def _platforms(loc: Loc, entry: PlatformEntry, folder: Path, mistakes: Mistakes) -> list[Platform]:
    if isinstance(entry, Local):
        return [Platform("local", "local")]
    if isinstance(entry, Mask):
        return [Platform("mask", f"mask/{lv}", pairs({"level": lv})) for lv in entry.levels]
    if isinstance(entry, Emulated):
        return _emulated(loc, entry, mistakes)
    if isinstance(entry, Ssh):
        return _ssh(loc, entry, folder, mistakes)
    return cloud_platforms(loc, entry, mistakes)


def _emulated(loc: Loc, entry: Emulated, mistakes: Mistakes) -> list[Platform]:
    known = catalog.qemu_cpu_names(entry.arch)
    for index, cpu in enumerate(entry.cpu):
        base, *overrides = cpu.split(",")
        if base not in known:
            text = f"QEMU has no {entry.arch} CPU '{base}'{nearest(base, known)}"
            mistakes.add((*loc, "cpu", index), text)
        for override in overrides:
            if "=" not in override and override[:1] not in ("+", "-"):
                text = f"'{override}' should be written like fma=off or vendor=AuthenticAMD"
                mistakes.add((*loc, "cpu", index), text)
    prefix = "emulated" if entry.arch == "x86_64" else f"emulated/{entry.arch}"
    return [
        Platform("emulated", f"{prefix}/{cpu}", pairs({"cpu": cpu, "arch": entry.arch}))
        for cpu in entry.cpu
    ]


def _ssh(loc: Loc, entry: Ssh, folder: Path, mistakes: Mistakes) -> list[Platform]:
    try:
        hosts = read_hosts(entry.hosts, folder)
        placements = [placement_of(host, hosts) for host in hosts]
    except FileMistake as error:
        mistakes.add((*loc, "hosts"), str(error))
        return []
    return [
        Platform("ssh", f"ssh/{host.name}", pairs({"host": host.name}), pairs(placement))
        for host, placement in zip(hosts, placements, strict=True)
    ]


_WRITTEN = re.compile(
    r"(?:(?P<user>[^@\s-][^@\s]*)@)?(?P<name>[A-Za-z0-9._][A-Za-z0-9._-]*)(?::(?P<port>[0-9]{1,5}))?"
)


_FILES = ("identity", "known_hosts")
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


def placement_of(host: Host, hosts: Sequence[Host]) -> dict[str, Scalar]:
    """How to reach ``host``, flat: what belongs to its jump host has ``jump_`` in front, and so on.

    Raises FileMistake.
    """
    placement: dict[str, Scalar] = {}
    passed: list[str] = []
    current: Host | None = host
    while current is not None:
        prefix = "jump_" * len(passed)
        if current.name in passed or len(passed) > _MOST_JUMPS:
            raise FileMistake(f"the jump hosts of {host.name} go in a circle, or are too many")
        passed.append(current.name)
        placement |= {f"{prefix}{key}": value for key, value in _own(current).items()}
        jump = current.jump
        named = {other.name: other for other in hosts}
        current = None if jump is None else named.get(jump) or _parsed(jump)
    for key, value in (("isolation", host.isolation), ("python", host.python)):
        if value not in (None, "auto"):
            placement[key] = value
    return placement


def _own(host: Host) -> dict[str, Scalar]:
    always = {"address": host.address or host.name, "user": host.user, "port": host.port}
    given = {key: getattr(host, key) for key in (*_FILES, "host_key")}
    return {**always, **{key: value for key, value in given.items() if value is not None}}


def _with_absolute_paths(host: Host, folder: Path) -> Host:
    given = {key: getattr(host, key) for key in _FILES if getattr(host, key) is not None}
    return host.model_copy(update={key: str(find(path, folder)) for key, path in given.items()})


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
