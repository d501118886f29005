"""This computer playing machines that would be rented; nothing it gives is a measurement."""

from __future__ import annotations

from orchestrator.model.machine import Machine, Order
from orchestrator.providers.qemu import Qemu
from orchestrator.providers.this_computer import ThisComputer


class RehearsalProvider(ThisComputer):
    """Provider ``rehearsal``: parameters ``cpu`` and ``arch`` name the emulated player."""

    def __init__(self, qemu: Qemu) -> None:
        self._qemu = qemu

    def launch(self, order: Order) -> Machine:
        """This computer under QEMU, marked as a rehearsal. Raises ``Unavailable``."""
        return self._qemu.machine(order.platform, rehearsal=True)
