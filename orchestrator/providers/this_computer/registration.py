"""What experiment files may say about this computer, and who makes a machine of it."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from typing import Literal

from orchestrator import catalog
from orchestrator.model.experiment import Platform, pairs
from orchestrator.model.machine import Provider
from orchestrator.providers.qemu import Qemu
from orchestrator.providers.registration import ProviderRegistration, Surroundings
from orchestrator.providers.this_computer import cpuid_entry
from orchestrator.providers.this_computer.cpuid import CpuidProvider
from orchestrator.providers.this_computer.provider import (
    EmulatedProvider,
    LocalProvider,
    MaskProvider,
    RehearsalProvider,
)
from orchestrator.yaml_files.entry import EntryPlace
from orchestrator.yaml_files.fields import Levels, Strict, Words
from orchestrator.yaml_files.mistakes import nearest


class Local(Strict):
    """This computer as it is."""

    provider: Literal["local"]


class Mask(Strict):
    """This computer with the frameworks' own switches set to use fewer instructions."""

    provider: Literal["mask"]
    levels: Levels


class Emulated(Strict):
    """CPU models of QEMU's user mode, with overrides such as ``Haswell,fma=off``."""

    provider: Literal["emulated"]
    cpu: Words
    arch: Literal["x86_64", "arm64"] = "x86_64"


def this_architecture() -> str:
    """This computer's architecture, by the name that images go by."""
    machine = platform.machine()
    return "arm64" if machine in ("aarch64", "arm64") else machine


def _local(_entry: Local, _place: EntryPlace) -> Sequence[Platform]:
    return (Platform("local", "local"),)


def _masks(entry: Mask, _place: EntryPlace) -> Sequence[Platform]:
    return [Platform("mask", f"mask/{lv}", pairs({"level": lv})) for lv in entry.levels]


def _emulated(entry: Emulated, place: EntryPlace) -> Sequence[Platform]:
    known = catalog.qemu_cpu_names(entry.arch)
    for index, cpu in enumerate(entry.cpu):
        base, *overrides = cpu.split(",")
        if base not in known:
            text = f"QEMU has no {entry.arch} CPU '{base}'{nearest(base, known)}"
            place.mistake(text, "cpu", index)
        for override in overrides:
            if "=" not in override and override[:1] not in ("+", "-"):
                text = f"'{override}' should be written like fma=off or vendor=AuthenticAMD"
                place.mistake(text, "cpu", index)
    prefix = "emulated" if entry.arch == "x86_64" else f"emulated/{entry.arch}"
    return [
        Platform("emulated", f"{prefix}/{cpu}", pairs({"cpu": cpu, "arch": entry.arch}))
        for cpu in entry.cpu
    ]


def _mask_provider(surroundings: Surroundings) -> Provider:
    flags = surroundings.fingerprint()["cpu"].get("flags") or ()
    frameworks = surroundings.frameworks
    return MaskProvider(flags, frameworks, catalog.mask_environment, catalog.required_flag)


def _cpuid_provider(surroundings: Surroundings) -> Provider:
    return CpuidProvider(surroundings.fingerprint())


def _qemu(surroundings: Surroundings) -> Qemu:
    here = str(surroundings.fingerprint()["cpu"].get("architecture"))
    return Qemu(surroundings.isolation, here)


REHEARSAL = ProviderRegistration(
    "rehearsal",
    make=lambda surroundings: RehearsalProvider(_qemu(surroundings)),
    here=True,
)
"""Plays machines of other providers; no experiment names it."""

REGISTRATIONS = (
    ProviderRegistration(
        "local",
        make=lambda _: LocalProvider(this_architecture()),
        entry=Local,
        resolve=_local,
        here=True,
    ),
    ProviderRegistration("mask", make=_mask_provider, entry=Mask, resolve=_masks, here=True),
    ProviderRegistration(
        "emulated",
        make=lambda surroundings: EmulatedProvider(_qemu(surroundings)),
        entry=Emulated,
        resolve=_emulated,
        here=True,
    ),
    ProviderRegistration(
        "cpuid",
        make=_cpuid_provider,
        entry=cpuid_entry.Cpuid,
        resolve=cpuid_entry.resolve,
        here=True,
    ),
    REHEARSAL,
)
