"""Platform entries → platforms: every combination an entry stands for, each one once."""

from __future__ import annotations

from itertools import product
from pathlib import Path

from orchestrator import catalog
from orchestrator.model import Platform, Scalar, pairs
from orchestrator.spec.files import FileMistake
from orchestrator.spec.hosts import read_hosts
from orchestrator.spec.mistakes import Loc, Mistakes, nearest
from orchestrator.spec.platform_entries import Aws, Emulated, Gcp, Local, Mask, PlatformEntry, Ssh

Axis = list[dict[str, Scalar]]


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
    return _cloud(loc, entry, mistakes)


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
    except FileMistake as error:
        mistakes.add((*loc, "hosts"), str(error))
        return []
    return [
        Platform(
            "ssh",
            f"ssh/{host.name}",
            pairs({"host": host.name}),
            pairs({"address": host.address or host.name, "user": host.user, "port": host.port}),
        )
        for host in hosts
    ]


def _cloud(loc: Loc, entry: Aws | Gcp, mistakes: Mistakes) -> list[Platform]:
    """Machines x CPU platforms x GPUs. Regions, zones and spot are where and how, not what."""
    axes = [_machines(loc, entry, mistakes)]
    placement: dict[str, Scalar] = {"spot": entry.spot}
    if entry.regions:
        placement["regions"] = ",".join(entry.regions)
    if isinstance(entry, Gcp):
        axes.append([{"cpu_platform": name} for name in entry.cpu_platforms or ()])
        if entry.zones:
            placement["zones"] = ",".join(entry.zones)
    axes.append([{"gpu": name} for name in entry.gpus or ()])
    filled = [axis for axis in axes if axis]
    if not filled or (isinstance(entry, Gcp) and not axes[0] and not entry.gpus):
        text = f"{entry.provider} needs at least one of the keys families, machine_types and gpus"
        if loc not in mistakes.incomplete:
            mistakes.add(loc, text)
        return []
    platforms = []
    for combination in product(*filled):
        parameters = {key: value for part in combination for key, value in part.items()}
        words = [str(value) for part in combination for value in part.values()]
        name = "/".join([entry.provider, *words])
        platforms.append(Platform(entry.provider, name, pairs(parameters), pairs(placement)))
    return platforms


def _machines(loc: Loc, entry: Aws | Gcp, mistakes: Mistakes) -> Axis:
    if entry.families and entry.machine_types:
        mistakes.add(
            (*loc, "machine_types"),
            "families and machine_types are two ways to say one thing: use two entries",
            key=True,
        )
    if entry.sizes and not entry.families:
        mistakes.add((*loc, "sizes"), "sizes are sizes of families: name these too", key=True)
    dot = "." if entry.provider == "aws" else "-"
    types = [
        f"{family}{dot}{size}" for family, size in product(entry.families or (), entry.sizes or ())
    ]
    types += entry.machine_types or ()
    if types:
        return [{"machine_type": name} for name in types]
    return [{"family": family} for family in entry.families or ()]
