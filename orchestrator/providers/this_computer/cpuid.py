"""This computer with CPUID answered as another CPU would, at its own speed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.cpuid.containment import lacking
from orchestrator.cpuid.from_fingerprint import NoTable, described
from orchestrator.cpuid.platforms import presented_cpu
from orchestrator.cpuid.table import CpuidTable
from orchestrator.model.machine import Machine, Order, Unavailable
from orchestrator.providers.this_computer.provider import ThisComputer

_EMULATORS = ("TCGTCGTCGTCG",)


class CpuidProvider(ThisComputer):
    """Provider ``cpuid``: parameters as ``orchestrator.cpuid.platforms`` makes them."""

    def __init__(self, fingerprint: Mapping[str, Any]) -> None:
        self._fingerprint = fingerprint

    def launch(self, order: Order) -> Machine:
        """This computer, presented as the platform's CPU.

        Raises ``Unavailable`` where it does not execute all that such a CPU promises programs,
        naming the flags, and where it is no x86-64 computer.
        """
        platform = order.platform
        host = self._host()
        presented = presented_cpu(platform, host)
        missing = lacking(CpuidTable.of_presented(presented), host)
        if missing:
            flags = ", ".join(missing)
            raise Unavailable(
                "not-on-this-cpu",
                f"{presented.name} has {flags}; this CPU has not, and would fail where programs "
                f"use them. Without them it can be presented: without: [{flags}]",
            )
        return Machine(id=f"{platform.name}-{platform.id}", platform=platform, presented=presented)

    def _host(self) -> CpuidTable:
        cpu = self._fingerprint["cpu"]
        architecture = cpu.get("architecture")
        if architecture != "x86_64":
            raise Unavailable(
                "wrong-architecture", f"this computer is {architecture}; CPUID is of x86-64"
            )
        if cpu.get("hypervisor") in _EMULATORS:
            raise Unavailable("emulated-itself", "this computer is emulated by QEMU itself")
        try:
            return described(self._fingerprint).table
        except NoTable as error:
            raise Unavailable("no-cpuid", f"this CPU cannot be described: {error}") from error
