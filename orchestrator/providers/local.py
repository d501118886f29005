"""This computer as it is. Nothing is made, so nothing can be left behind."""

from __future__ import annotations

from orchestrator.model.machine import Machine, Order
from orchestrator.providers.this_computer import ThisComputer


class LocalProvider(ThisComputer):
    """Provider ``local``. ``architecture`` is this computer's: ``x86_64`` or ``arm64``."""

    def __init__(self, architecture: str = "x86_64") -> None:
        self._architecture = architecture

    def launch(self, order: Order) -> Machine:
        """This computer."""
        platform = order.platform
        return Machine(
            id=f"{platform.name}-{platform.id}", platform=platform, architecture=self._architecture
        )
