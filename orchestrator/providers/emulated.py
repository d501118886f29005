"""This computer as many others: QEMU user mode with a CPU model, of x86-64 or arm64.

CPUID, and so what every framework picks, is the model's; the fingerprint says ``emulated``.
"""

from __future__ import annotations

from orchestrator.model.machine import Machine, Order
from orchestrator.providers.qemu import Qemu
from orchestrator.providers.this_computer import ThisComputer


class EmulatedProvider(ThisComputer):
    """Provider ``emulated``: parameter ``cpu`` is a QEMU CPU model with optional overrides."""

    def __init__(self, qemu: Qemu) -> None:
        self._qemu = qemu

    def launch(self, order: Order) -> Machine:
        """This computer under QEMU. Raises ``Unavailable`` with the command that installs it."""
        return self._qemu.machine(order.platform)
