"""This computer as another CPU: by the answers of CPUID at native speed, or by QEMU."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Collection, Mapping
from functools import cache
from typing import Protocol

from orchestrator.confirm.interventions import Means
from orchestrator.cpuid.bits import flag_bits
from orchestrator.cpuid.containment import lacking
from orchestrator.cpuid.dependencies import closure
from orchestrator.cpuid.from_fingerprint import Described
from orchestrator.cpuid.models import answered
from orchestrator.cpuid.platforms import cpuid_platform
from orchestrator.cpuid.table import CpuidTable
from orchestrator.model.experiment import Platform, Scalar, pairs
from orchestrator.providers.qemu import QEMU

REPLACED: Mapping[str, str] = {
    "vendor": "vendor",
    "L1 bytes": "l1d",
    "L2 bytes": "l2",
    "L3 bytes": "l3",
}
"""What a table calls the attributes that it can be given other values of."""
NAMED = "confirm"
"""What a presented CPU that no model has is called; its digest tells it from the others."""


class Presenter(Protocol):
    """How this computer stands in for other CPUs."""

    means: Means

    def lacks(self, table: CpuidTable) -> frozenset[str]:
        """The flags of ``table`` that cannot be presented here, with those that need them."""
        ...

    def why_not(self, attribute: str) -> str | None:
        """Why an attribute that is no flag cannot be changed; ``None``: it can."""
        ...

    def platform(self, table: CpuidTable) -> Platform:
        """This computer, presented as ``table``."""
        ...


class CpuidPresenter:
    """CPUID answers from a table; what is executed is this CPU's."""

    means = Means.CPUID

    def __init__(self, host: CpuidTable) -> None:
        self._host = host

    def lacks(self, table: CpuidTable) -> frozenset[str]:
        """What this CPU does not execute."""
        found = {name.split(" ")[0] for name in lacking(table, self._host)}
        return closure(found) & table.flags

    def why_not(self, attribute: str) -> str | None:
        """All that CPUID tells can be told otherwise."""
        return None if _is_told(attribute) else "CPUID does not tell it"

    def platform(self, table: CpuidTable) -> Platform:
        """Of provider ``cpuid``."""
        return cpuid_platform(f"{NAMED}-{table.digest}", recorded=Described(table))


class QemuPresenter:
    """QEMU's user mode emulates the CPU; slower, and its approximate instructions are its own."""

    means = Means.EMULATED

    def lacks(self, table: CpuidTable) -> frozenset[str]:
        """What QEMU does not emulate."""
        return closure(table.flags - answered("max").flags) & table.flags

    def why_not(self, attribute: str) -> str | None:
        """Caches are those of its model."""
        if attribute.endswith(" bytes"):
            return "QEMU's user mode presents no other caches"
        return None if _is_told(attribute) else "QEMU does not emulate it"

    def platform(self, table: CpuidTable) -> Platform:
        """Of provider ``emulated``: the model ``max`` less what the table has not."""
        known = qemu_flags()
        gone = sorted(known[name] for name in answered("max").flags - table.flags if name in known)
        values: dict[str, Scalar] = {"vendor": table.vendor, **table.signature}
        words = ["max", *(f"{name}=off" for name in gone)]
        words += [f"{key}={value}" for key, value in values.items()]
        parameters = pairs({"cpu": ",".join(words), "arch": "x86_64"})
        return Platform("emulated", f"emulated/{NAMED}-{table.digest}", parameters)


@cache
def qemu_flags() -> Mapping[str, str]:
    """By Linux' name of a flag, that of the installed QEMU; without those that it does not know."""
    listed = subprocess.run([QEMU, "-cpu", "help"], capture_output=True, text=True, check=False)
    _, _, names = listed.stdout.partition("Recognized CPUID flags:")
    spelled = {_bare(name): name for name in names.split()}
    return {flag: spelled[_bare(flag)] for flag in flag_bits() if _bare(flag) in spelled}


def changed(
    table: CpuidTable, off: Collection[str], on: Collection[str], values: Mapping[str, Scalar]
) -> CpuidTable:
    """``table`` less the flags ``off`` and all that need them, with ``on``, and other values."""
    flags = (table.flags - closure(off)) | frozenset(on)
    return table.of_flags(flags).replaced(**values)


def _is_told(attribute: str) -> bool:
    return attribute in REPLACED or attribute in ("CPU model", "CPU stepping")


def _bare(name: str) -> str:
    return re.sub(r"[-_.]", "", name)
