"""CPU quota and memory limit of the control group this process is in (versions 1 and 2)."""

from __future__ import annotations

import posixpath
from pathlib import Path
from typing import Any

_NO_LIMIT = 1 << 60
"""Version 1 writes "no limit" as the largest multiple of a page below 2**63."""


def cgroup_limits(proc: str = "/proc/self", root: str = "/") -> dict[str, Any]:
    """``cpus`` (in processors) and ``memory_bytes``; ``None`` means no limit.

    The smallest limit between this process's group and the top counts. ``proc`` is where
    ``cgroup`` and ``mountinfo`` are, ``root`` what their paths are relative to.
    Raises ``OSError`` if they cannot be read.
    """
    groups = _groups((Path(proc) / "cgroup").read_text())
    cpus: list[float] = []
    memory: list[int] = []
    for controllers, mounted, point in _mounts((Path(proc) / "mountinfo").read_text()):
        for controller in controllers:
            for folder in _folders(Path(root), point, mounted, groups.get(controller)):
                cpus += _cpus(folder)
                memory += _memory(folder)
    return {"cpus": min(cpus, default=None), "memory_bytes": min(memory, default=None)}


def _groups(text: str) -> dict[str, str]:
    """This process's group by controller; in version 2 the controller's name is empty."""
    groups = {}
    for line in text.splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            groups[controller] = path
    return groups


def _mounts(text: str) -> list[tuple[list[str], str, str]]:
    """Controllers, mounted group and mount point of every cgroup file system."""
    mounts = []
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        fields, kind = before.split(), after.split()
        if kind and kind[0] == "cgroup2":
            mounts.append(([""], fields[3], fields[4]))
        elif kind and kind[0] == "cgroup":
            wanted = [name for name in kind[-1].split(",") if name in ("cpu", "memory")]
            mounts.append((wanted, fields[3], fields[4]))
    return mounts


def _folders(root: Path, point: str, mounted: str, group: str | None) -> list[Path]:
    """The group's folder and its parents up to the mount point, nearest first."""
    top = root / point.lstrip("/")
    if group is None:
        return []
    # In a container the mount shows only part of the tree: the group is relative to that part,
    # or outside of it (then the mount point itself is this container's group).
    inside = group == mounted or group.startswith(mounted.rstrip("/") + "/")
    relative = posixpath.relpath(group, mounted) if inside else "."
    folder = top / relative
    folders = [folder]
    while folder != top:
        folder = folder.parent
        folders.append(folder)
    return folders


def _cpus(folder: Path) -> list[float]:
    both = _words(folder / "cpu.max")
    if len(both) == 2 and both[0] != "max":
        return [int(both[0]) / int(both[1])]
    quota, period = _words(folder / "cpu.cfs_quota_us"), _words(folder / "cpu.cfs_period_us")
    if quota and period and int(quota[0]) > 0:
        return [int(quota[0]) / int(period[0])]
    return []


def _memory(folder: Path) -> list[int]:
    values = _words(folder / "memory.max") + _words(folder / "memory.limit_in_bytes")
    return [int(value) for value in values if value != "max" and int(value) < _NO_LIMIT]


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []
