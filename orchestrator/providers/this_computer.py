"""What providers share whose machine is this computer: nothing is made, nothing can be left."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.model.machine import Finding, Machine, Place
from orchestrator.model.experiment import Platform


class ThisComputer:
    """The part of the contract that concerns the machine's life."""

    def places(self, platform: Platform) -> Sequence[Place]:  # noqa: ARG002 - the contract's
        """Here, for nothing."""
        return (Place(price_per_hour=0.0),)

    def wait(self, machine: Machine) -> Machine:
        """This computer is up."""
        return machine

    def release(self, machine: Machine) -> None:
        """Nothing to end: containers, processes and emulators end with their job."""

    def find(self, run: str | None = None) -> Sequence[Machine]:  # noqa: ARG002 - the contract's
        """Nothing was made. Containers are found by their label: ``shell.container``."""
        return ()

    def tidy(self, run: str) -> None:
        """Nothing is shared."""

    def traces(self, owner: str | None = None) -> Sequence[str]:  # noqa: ARG002 - the contract's
        """Nothing is shared."""
        return ()

    def check(self, platforms: Sequence[Platform]) -> Sequence[Finding]:  # noqa: ARG002 - contract
        """Nothing that could be denied."""
        return ()
