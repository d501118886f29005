"""Platform entries → platforms: every combination an entry stands for, each one once."""

from __future__ import annotations

from pathlib import Path

from orchestrator import catalog
from orchestrator.model.experiment import Platform, pairs
from orchestrator.experiment.clouds import cloud_platforms
from orchestrator.experiment.files import FileMistake
from orchestrator.experiment.hosts import placement_of, read_hosts
from orchestrator.experiment.mistakes import Loc, Mistakes, nearest
from orchestrator.experiment.platform_entries import Emulated, Local, Mask, PlatformEntry, Ssh


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
