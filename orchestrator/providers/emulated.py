"""This computer as many others: QEMU user mode with a CPU model (x86-64).

CPUID, and so what every framework picks, is the model's; the fingerprint says ``emulated``.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable

from orchestrator.model import Isolation, Machine, Platform, Unavailable
from orchestrator.providers.this_computer import ThisComputer

QEMU = "qemu-x86_64-static"
INSTALL = "apt-get install qemu-user-static"


class EmulatedProvider(ThisComputer):
    """Provider ``emulated``: parameter ``cpu`` is a QEMU CPU model with optional overrides."""

    def __init__(
        self,
        isolation: Isolation,
        host_architecture: str,
        which: Callable[[str], str | None] = shutil.which,
    ) -> None:
        self._isolation = isolation
        self._host_architecture = host_architecture
        self._which = which

    def launch(self, platform: Platform, run_name: str) -> Machine:  # noqa: ARG002 - the contract's
        """This computer under QEMU. Raises ``Unavailable`` with the command that installs it."""
        architecture = str(platform.get("arch") or "x86_64")
        if architecture != "x86_64":
            raise Unavailable(
                "not-available-yet",
                f"emulating {architecture} needs images of that architecture, which are not "
                "available yet",
            )
        if self._isolation is Isolation.DOCKER:
            emulator = f"/usr/bin/{QEMU}"  # every image carries it
        elif self._host_architecture != "x86_64":
            raise Unavailable(
                "wrong-architecture",
                f"this computer is {self._host_architecture}; x86-64 is emulated here with "
                "isolation docker only",
            )
        else:
            emulator = self._which(QEMU) or ""
            if not emulator:
                raise Unavailable("no-qemu", f"{QEMU} is not installed: {INSTALL}")
        model = str(platform.get("cpu"))
        # check=off: a feature that QEMU cannot emulate is left out without a warning on stderr;
        # what is really there is in the fingerprint, which executes CPUID.
        return Machine(
            id=f"{platform.name}-{platform.id}",
            platform=platform,
            launcher=(emulator, "-cpu", f"{model},check=off"),
            emulated=model,
        )
