"""What providers share whose machine is this computer: nothing is made, nothing can be left."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.model import Machine


class ThisComputer:
    """The part of the contract that concerns the machine's life."""

    def wait(self, machine: Machine) -> Machine:
        """This computer is up."""
        return machine

    def release(self, machine: Machine) -> None:
        """Nothing to end: containers, processes and emulators end with their job."""

    def find(self, run_name: str | None = None) -> Sequence[Machine]:  # noqa: ARG002 - contract
        """Nothing was made. Containers are found by their label: ``shell.container``."""
        return ()
